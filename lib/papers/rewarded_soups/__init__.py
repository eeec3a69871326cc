"""Rewarded Soups (arXiv 2306.04488)."""
