"""The edges of a job: its command line, its outputs, its checkpoints."""
