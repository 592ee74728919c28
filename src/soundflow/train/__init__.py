"""Training: losses, batches out of composed streams, the trainer, and recipes."""
