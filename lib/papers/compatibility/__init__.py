"""When is a soup enough? (ours: Rewarded Soups, arXiv 2306.04488, on pairs of rewards)."""
