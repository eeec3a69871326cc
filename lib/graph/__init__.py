"""The graph of jobs: parameters and their checks, what jobs depend on and ask for, Snakemake and DVC."""
