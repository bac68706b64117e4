"""The nouns as frozen models: scenario, knowledge entries. No arrays, no input or output, no biology."""
