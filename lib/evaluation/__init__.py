"""Policies and their combinations, scored on held-out prompts."""
