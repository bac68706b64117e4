"""The spatial tier: one module per process, one place that applies what they propose."""
