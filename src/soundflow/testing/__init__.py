"""Fakes that a test needs, ours or a user's: a scripted model, clocks, a microphone, an endpoint that lies.

Imports nothing by itself. Tests: tests/testing/.
"""
