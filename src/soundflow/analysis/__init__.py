"""Looks inside a model at work: what its layers hold, which heads decide, and which sound made it speak."""
