"""The jobs of the graph, one module per rule; `python -m scripts.NAME --help` lists its options."""

import gc
import os
import sys

# Imports create a million objects that live as long as the job. Collecting garbage among them again and again took a
# tenth of a policy's time. lib.jobs.command_line.run freezes them and turns collection on again.
if sys.argv[0] == "-m":
    gc.disable()

# Logs are for people: no progress bars, and no warnings about what this project cannot change.
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")

# While Snakemake runs jobs on this machine, a process with all libraries does them (lib/jobs/warm_start.py).
if sys.argv[0] == "-m" and "PARETOSOUP_WARM_START" in os.environ:
    from lib.jobs.warm_start import hand_over

    hand_over()
