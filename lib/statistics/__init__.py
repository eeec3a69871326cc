"""Scores seed by seed, intervals, exact tests and verdicts, fronts, equal KL, and trajectories along training."""
