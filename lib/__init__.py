"""The ideas of the four papers, one module each: no files, no Snakemake, no seeds taken from the air."""
