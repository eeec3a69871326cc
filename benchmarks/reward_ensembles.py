"""What K heads on one encoder cost against K models: seconds and peak memory, to train and to score.

    python -m benchmarks.reward_ensembles --figure cost.png

needs the tokenizer and the preferences of params.yaml's experiment (`snakemake --cores 2`). The encoder is a Llama of
the given size with random weights, on which cost does not depend. Each measurement is a process of
its own, on one thread; memory is the peak of its resident set minus its size before the work. K models are trained
one after the other, and score together, as in the pipeline. Times are medians over the repeats, which are interleaved.
"""

import argparse
import gc
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
import torch
import yaml
from transformers import AutoModelForSequenceClassification, PreTrainedModel, PrinterCallback, set_seed
from trl import RewardConfig

from lib.machine.compute import CPU
from lib.models.language_models import new_llama
from lib.models.loading import tokenizer
from lib.reporting.figures import COLOURS, PAPER
from lib.reward_models.ensembles import outputs
from lib.reward_models.heads import RewardHeads
from lib.reward_models.pairs import first_preferred
from lib.training.settings import shared
from scripts.proxy import as_pairs

KINDS = {"heads": COLOURS["soup"], "models": COLOURS["morl"]}
WORK = ("train", "score")
MOST = 8  # K
BATCH = 32  # pairs
MEGABYTE = 2**20


def measure(kind: str, members: int, work: str, encoder: Path, preferences: Path, steps: int) -> dict[str, float]:
    """Seconds, and megabytes at the peak, to train for some steps or to score as many batches."""
    torch.set_num_threads(1)
    tokens = tokenizer(encoder)
    pairs = pd.read_json(preferences, lines=True, dtype={"first": str, "second": str}).head(BATCH * steps)
    before = psutil.Process().memory_info().rss
    heads, models = (members, 1) if kind == "heads" else (1, members)
    if work == "train":
        seconds = 0.0
        for number in range(models):
            seconds += train(classifier(encoder, heads, number), tokens, pairs, heads, steps)
            gc.collect()  # a trainer is part of reference cycles
    else:
        loaded = [classifier(encoder, heads, number).eval() for number in range(models)]
        texts = [*pairs["first"], *pairs["second"]]
        started = time.perf_counter()
        for model in loaded:
            outputs(model, tokens, texts)
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "megabytes": (peak_memory() - before) / MEGABYTE}


def peak_memory() -> int:
    """The largest resident set of this process, in bytes; getrusage would include that of the parent process."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def classifier(encoder: Path, heads: int, seed: int) -> PreTrainedModel:
    """The encoder with heads of its own."""
    set_seed(seed)
    return AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=heads, dtype=torch.float32)


def train(model: PreTrainedModel, tokens, pairs: pd.DataFrame, heads: int, steps: int) -> float:
    """Seconds of training, without loading the model."""
    dataset = as_pairs(pairs, first_preferred(pairs, 0), tokens).add_column("weights", [[1] * heads] * len(pairs))
    with tempfile.TemporaryDirectory() as folder:
        config = RewardConfig(
            folder,
            max_steps=steps,
            max_length=None,
            logging_steps=1000,
            **shared(CPU, lora=False, batch=BATCH),
        )
        trainer = RewardHeads(model, args=config, train_dataset=dataset, processing_class=tokens)
        trainer.remove_callback(PrinterCallback)
        started = time.perf_counter()
        trainer.train()
        return time.perf_counter() - started


def measured(kind: str, members: int, work: str, *arguments) -> dict[str, object]:
    """`measure` in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        result = process.submit(measure, kind, members, work, *arguments).result()
    return {"kind": kind, "K": members, "work": work} | result


def draw(table: pd.DataFrame, file: Path) -> None:
    """Seconds and megabytes against K, in units of one model's."""
    plt.rcParams.update(PAPER)
    figure, panels = plt.subplots(1, 4, figsize=(10, 3), layout="constrained")
    wanted = [(work, unit) for work in WORK for unit in ("seconds", "megabytes")]
    for axes, (work, unit) in zip(panels, wanted):
        for kind, colour in KINDS.items():
            axes.plot(table.loc[kind].index, table.loc[kind, (unit, work)], color=colour, marker="o", label=kind)
        axes.set(xlabel="K", title=f"{'Time' if unit == 'seconds' else 'Peak memory'} to {work}")
        axes.set_ylim(0, 1.1 * axes.dataLim.y1)
    panels[0].set_ylabel("one model = 1")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.savefig(file, dpi=150)


def main() -> None:
    """Measures every variant, prints the table and draws the figure."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reward_ensembles",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--hidden-size", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--steps", type=int, default=10, help="batches of 32 pairs that are trained on and scored")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--figure", type=Path, required=True)
    arguments = parser.parse_args()
    results = Path("results", yaml.safe_load(Path("params.yaml").read_text())["experiment"])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        tokens = tokenizer(results / "base")
        tokens.save_pretrained(folder)
        new_llama(
            tokens, hidden_size=arguments.hidden_size, layers=arguments.layers, heads=4, context=64, seed=0
        ).save_pretrained(folder)
        shared_arguments = [Path(folder), results / "reward_ensembles/preferences.jsonl", arguments.steps]
        for _ in range(arguments.repeats):
            for members in range(1, MOST + 1):
                for kind in KINDS:
                    for work in WORK:
                        rows.append(measured(kind, members, work, *shared_arguments))
                        print("{kind} K={K} {work}  {seconds:.2f} s  {megabytes:.0f} MB".format(**rows[-1]))
    table = pd.DataFrame(rows).pivot_table(
        index=["kind", "K"], columns="work", values=["seconds", "megabytes"], aggfunc="median"
    )
    relative = table / table.loc[("models", 1)]
    both = pd.concat({"measured": table, "one model = 1": relative}, axis=1).round(2)
    both.columns = [f"{unit} to {work}, {scale}" for scale, unit, work in both.columns]
    print(both.reset_index().to_markdown(index=False))
    print(f"spread of the repeats, largest: {spread(pd.DataFrame(rows)):.0%}")
    draw(relative, arguments.figure)


def spread(rows: pd.DataFrame) -> float:
    """The largest ratio, less one, of the slowest repeat of a measurement to its fastest."""
    seconds = rows.groupby(["kind", "K", "work"])["seconds"]
    return float(np.max(seconds.max() / seconds.min()) - 1)


if __name__ == "__main__":
    main()
