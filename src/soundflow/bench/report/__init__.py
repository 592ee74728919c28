"""Results as one page: our rows beside the paper's, with intervals, plots, and how they were made.

Tests: tests/bench/report/.
"""
