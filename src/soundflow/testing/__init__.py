"""Fakes that a test needs, ours or a user's: a model with scripted decisions, clocks, a microphone.

Imports nothing by itself. Tests: tests/testing/.
"""
