"""Device and precision, processes, GPUs, FSDP, and what makes a CPU fast."""
