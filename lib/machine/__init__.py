"""Where and how a process computes: device and precision, processes, GPUs, what is slow on a CPU."""
