"""From a scenario to a result: compile, run, couple the tiers, checkpoint."""
