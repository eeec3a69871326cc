"""Means, intervals, fronts, and what training looks like along its steps."""
