"""WARP (arXiv 2406.16768)."""
