"""Benchmarks: load, run through a session, score."""
