"""The bench of all seven capabilities."""
