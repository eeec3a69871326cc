"""Kinds of work that jobs do, others that do them, and how they are watched: for `benchmarks.roofline`."""
