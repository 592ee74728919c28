"""What stands beside a model in every table: constants, gates on level and voice, and a plain classifier.

Tests: tests/bench/baselines/.
"""
