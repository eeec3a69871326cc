"""Rewards: their kinds, reward models (trained here or by others), ensembles, and the gold reward."""
