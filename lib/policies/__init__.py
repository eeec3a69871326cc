"""Policies: trainers, anchors, sampling, KL, and combinations of several policies."""
