"""Measurements to run by hand; `python -m benchmarks.NAME --help` tells what one takes."""
