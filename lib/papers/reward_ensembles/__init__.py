"""Scalable Ensembling (arXiv 2406.01013)."""
