"""Kinds of rewards: their schema in params.yaml, what jobs need for them, and how they are loaded."""
