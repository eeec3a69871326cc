"""What all jobs share: the command line, the outputs, the checkpoints."""
