"""Measurements to run by hand; `python -m benchmarks.NAME --help` lists its options."""
