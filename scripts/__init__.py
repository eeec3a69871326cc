"""The jobs of the graph, one module per rule; `python -m scripts.NAME --help` tells what one takes."""

import gc
import os
import sys

# What a job imports is a million objects of which nothing is ever thrown away: looking for garbage among them, again
# and again, was a tenth of a policy's time. command_line.run leaves them aside and goes back to collecting.
if sys.argv[0] == "-m":
    gc.disable()

# A log is read by people: no bars that redraw themselves, no notices on what this project cannot change.
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")
