"""SALSA (arXiv 2411.01798)."""
