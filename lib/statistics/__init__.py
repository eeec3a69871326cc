"""Means, intervals, fronts, and trajectories along training."""
