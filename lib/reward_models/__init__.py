"""Rewards: kinds, models that are trained or given, ensembles, and the gold reward."""
