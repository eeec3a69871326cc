"""The jobs of the graph, one module per rule; `python -m scripts.NAME --help` tells what one takes."""

import os

# A log is read by people: no bars that redraw themselves, no notices on what this project cannot change.
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")
