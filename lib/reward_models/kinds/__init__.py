"""Kinds of rewards, a file for each: what may stand in params.yaml, what jobs are told, and how it is loaded."""
