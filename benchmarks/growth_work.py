"""The work that `benchmarks.growth` measures: for each quantity, a function of its size and of an empty folder."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.dvc_graph import LEVELS, generate

ROOT = Path(__file__).parent.parent
SIZE = "size"
SECONDS, MEGABYTES = "s of one processor", "MB above the start"
Found = dict[tuple[str, str], float]
"""Values by the name of what was measured and its unit."""
FINISH = """
from pathlib import Path
from lib.graph.jobs import graph_of
with graph_of("Snakefile", Path("params.yaml")) as graph:
    for job in graph.jobs:
        for output in job.output:
            Path(output).mkdir(parents=True)
            Path(output, "weights").write_text(output)
        graph.mark_current(job)
"""  # Snakemake itself would take a tenth of a second for each job
GRAPH = [sys.executable, "-m", "scripts.dvc_graph"]
TEXTS = [
    f"a {kind} {thing} by the {place}"
    for kind in ("calm", "cold", "wild")
    for thing in ("day", "night")
    for place in ("sea", "road", "hill")
]
WIDTHS = {1: 128, 4: 256, 16: 512, 64: 1024, 256: 2048, 1000: 4096}  # of a Llama of about so many million parameters
FRONT_POLICIES, FRONT_WEIGHTS = 2, 5  # where the other grows
PROMPTS = 16


class Quantity(NamedTuple):
    """axis: what its size is."""

    work: Callable[[int, Path], Found]
    sizes: list[int]
    axis: str


def command(root: Path, *arguments: str) -> float:
    """Seconds of one processor that a command takes, which has to succeed."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    with (root / "log").open("w") as log:
        process = subprocess.Popen(arguments, cwd=root, env=environment, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(arguments)}:\n{(root / 'log').read_text()}")
    return used.ru_utime + used.ru_stime


def processor(work: Callable[..., Any], *arguments: Any, **named: Any) -> float:
    """Seconds of one processor of a call, in this process."""
    started = time.process_time()
    work(*arguments, **named)
    return time.process_time() - started


def peak(work: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[float, float]:
    """Seconds of one processor of a call, and by how many MB the memory grew: in a process that is forked for it.

    The peak of a process never falls, so that two calls cannot be told apart in one.
    """
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            seconds = processor(work, *arguments, **named)
            above = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e6
            os.write(write, json.dumps([seconds, above]).encode())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answers:
        text = answers.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"{work.__name__} failed: what it said is above")
    seconds, above = json.loads(text)
    return seconds, above


def of_jobs(size: int, folder: Path) -> Found:
    """Snakemake, DVC, seal and adopt on a generated graph of so many jobs, all of which are done."""
    root = folder / "graph"
    generate(root, size // LEVELS * LEVELS)
    command(root, "git", "init", "--quiet")
    command(root, sys.executable, "-c", FINISH)
    found = {
        "snakemake -n": command(root, "snakemake", "-n"),
        "write": command(root, *GRAPH, "write"),
        "seal, all jobs": command(root, *GRAPH, "seal"),
        "seal, no job": command(root, *GRAPH, "seal"),
        "adopt": command(root, *GRAPH, "adopt"),
        "our status": command(root, *GRAPH, "status"),
        "dvc status": command(root, "dvc", "status"),
    }
    return {(name, SECONDS): seconds for name, seconds in found.items()}


def of_own_graph(size: int, folder: Path) -> Found:
    """The rules of this project, for the default experiment with so many seeds. Nothing has run."""
    root = folder / "checkout"
    names = ("lib", "scripts", "rules", "profiles", "Snakefile", ".dvc/config", ".dvcignore", ".gitignore")
    for name in names:
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, target)
    params = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"seeds": list(range(1, size + 1))}
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    found = {"snakemake -n": command(root, "snakemake", "-n"), "write": command(root, *GRAPH, "write")}
    return {(name, SECONDS): seconds for name, seconds in found.items()}


def llama(folder: Path, seed: int, width: int, layers: int) -> None:
    """Writes a Llama with random weights, and a tokenizer."""
    from lib.models.language_models import new_llama, train_tokenizer

    tokens = train_tokenizer(TEXTS, 300)
    model = new_llama(tokens, hidden_size=width, layers=layers, heads=width // 16, context=64, seed=seed)
    for one in (model, tokens):
        one.save_pretrained(folder)


def lora(folder: Path, base: Path, seed: int) -> None:
    """Writes a LoRA policy on a base model."""
    import torch

    from lib.machine.compute import Compute
    from lib.models.language_models import train_tokenizer
    from lib.models.loading import frozen_base
    from lib.models.lora_in_memory import TRAINED, factors_of, sharing, trainable
    from lib.models.lora_on_disk import write_factors

    frozen = frozen_base(base, Compute.of({"device": "cpu", "precision": "float32"}))
    policy = trainable(sharing(frozen), {"rank": 8, "alpha": 8, "modules": ["q_proj", "v_proj"]}, seed)
    for name, parameter in policy.named_parameters():
        if f"lora_B.{TRAINED}" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    write_factors(factors_of(policy), base, folder)
    train_tokenizer(TEXTS, 300).save_pretrained(folder)


def models(folder: Path, count: int, adapters: bool, width: int = 512, layers: int = 4) -> tuple[Path, list[Path]]:
    """A model and policies that started from it."""
    start = folder / "start"
    llama(start, 0, width, layers)
    policies = [folder / f"policy-{seed}" for seed in range(1, count + 1)]
    if not adapters:
        for seed, policy in enumerate(policies, 1):
            llama(policy, seed, width, layers)
        return start, policies
    for seed, policy in enumerate([folder / "sft", *policies]):
        lora(policy, start, seed)
    return folder / "sft", policies


def merges(folder: Path, start: Path, policies: list[Path], names: dict[str, str]) -> Found:
    """Merges on disk, with equal weights. names: what a merge is called here, by its name in the table of merges."""
    from lib.merging import merge_named
    from lib.models.merges_on_disk import write_merge

    found: Found = {}
    for merge, name in names.items():
        output = folder / f"merged by {name}"
        weights = [1 / len(policies)] * len(policies)
        seconds, above = peak(write_merge, merge_named(merge), start, policies, weights, output)
        found |= {(name, SECONDS): seconds, (name, MEGABYTES): above}
        shutil.rmtree(output)
    return found


def of_merges(size: int, folder: Path) -> Found:
    """Merges of so many policies, full (13 million parameters) and LoRA."""
    one_thread()
    full = models(folder / "full", size, adapters=False)
    found = merges(folder, *full, {"linear": "linear, full", "slerp": "SLERP, full", "ties": "TIES, full"})
    adapters = models(folder / "lora", size, adapters=True)
    return found | merges(folder, *adapters, {"linear": "linear, LoRA", "slerp": "SLERP, LoRA"})


def front(folder: Path, policies: int, weights: int) -> Found:
    """Scoring soups of all policies, at so many λ, of full policies and of LoRA policies."""
    from scripts.evaluate import evaluate

    found: Found = {}
    for kind, adapters in (("full", False), ("LoRA", True)):
        start, trained = models(folder / kind, policies, adapters, width=64, layers=2)
        rows = [{"text": f"{text} {i}", "split": "test", "domain": "d", "rating": 1} for i, text in enumerate(TEXTS)]
        (folder / "snippets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        points = [
            {"method": "soup", "mixture": str(i), "merge": "linear", "weights": [first, *[rest] * (policies - 1)]}
            for i in range(weights)
            for first in [(i + 1) / (weights + 1)]
            for rest in [(1 - first) / (policies - 1)]
        ]
        function = {"kind": "function", "function": "lib.rewards:brevity", "arguments": {"words": 9}}
        seconds, above = peak(
            evaluate,
            trained,
            start,
            folder / "snippets.jsonl",
            folder / f"{kind}.csv",
            points=points,
            reward={"short": function},
            split="test",
            prompt_words=3,
            prompts_held_out=PROMPTS,
            left_out=None,
            within=True,
            max_new_tokens=8,
            temperature=1.0,
            kl_estimator="exact_per_token",
            at_once=64,
            compute={"device": "cpu", "precision": "float32"},
            seed=1,
        )
        found |= {(f"scoring, {kind}", SECONDS): seconds, (f"scoring, {kind}", MEGABYTES): above}
    return found


def of_policies(size: int, folder: Path) -> Found:
    """Scoring soups of so many policies at FRONT_WEIGHTS λ."""
    one_thread()
    return front(folder, size, FRONT_WEIGHTS)


def of_lambdas(size: int, folder: Path) -> Found:
    """Scoring soups of two policies at so many λ."""
    one_thread()
    return front(folder, FRONT_POLICIES, size)


def of_seeds(size: int, folder: Path) -> Found:
    """Claims of all papers from their evidence, and the page, with so many seeds: those recorded, with noise added."""
    from lib.papers.claims import claims_table
    from lib.papers.evidence import Evidence
    from lib.papers.recorded import evidence_of, parts_of
    from lib.papers.register import PAPERS, claims_of
    from lib.papers.rewarded_soups.claims import tables

    recorded = {paper: parts for paper in PAPERS if (parts := parts_of(ROOT, "evidence", paper))}
    evidence = {paper: with_seeds(evidence_of(parts, paper), size) for paper, parts in recorded.items()}
    found = {
        f"claims, {paper}": processor(claims_table, {paper: claims_of(paper)}, {paper: evidence[paper]})
        for paper in evidence
    }
    soups = evidence["rewarded_soups"]
    soups.write(folder / "evidence")
    found |= {
        "tables, rewarded_soups": processor(tables, soups),
        "reading, rewarded_soups": processor(Evidence.read, folder / "evidence"),
        "page": processor(page, folder, soups),
    }
    return {(name, SECONDS): seconds for name, seconds in found.items()}


def with_seeds(evidence: Any, size: int) -> Any:
    """Evidence of so many seeds: rows of those that are there, over and over, with noise in the scores."""
    from dataclasses import replace

    import numpy as np
    import pandas as pd

    generator, seeds = np.random.default_rng(0), list(range(1, size + 1))
    scores = {}
    for name, one in evidence.scores.items():
        values = one.values[np.arange(size) % len(one.seeds)]
        scores[name] = replace(one, seeds=seeds, values=values + generator.normal(0, 1e-3, values.shape))
    before = evidence.seeds
    found = {
        name: pd.concat(
            [table[table["seed"] == before[i % len(before)]].assign(seed=seed) for i, seed in enumerate(seeds)]
        )
        for name, table in evidence.tables.items()
    }
    return replace(evidence, scores=scores, tables=found)


def page(folder: Path, evidence: Any) -> str:
    """The page of Rewarded Soups."""
    import pandas as pd
    from PIL import Image

    from lib.papers.rewarded_soups.claims import scores_of
    from lib.papers.rewarded_soups.page import tab
    from lib.reporting.html_page import page_of

    (folder / "figures").mkdir()
    Image.new("RGB", (1200, 600), "white").save(folder / "figures/front.png")
    rows = [("Once", *point, "a text") for point in scores_of(evidence).points if not point[0].endswith(" path")]
    samples = folder / "samples.csv"
    pd.DataFrame(rows, columns=["prompt", "method", "mixture", "completion"]).to_csv(samples, index=False)
    files = {"evidence": folder / "evidence", "figures": folder / "figures", "samples": samples}
    return page_of([tab(files)], {"experiment": "growth", "basis": "", "command": ""})


def of_model_size(size: int, folder: Path) -> Found:
    """Merges of two models of about so many million parameters, and up to 64 million a step of RL."""
    one_thread()
    start, policies = models(folder, 2, adapters=False, width=WIDTHS[size], layers=layers_of(size))
    found = merges(folder, start, policies, {"linear": "linear", "slerp": "SLERP"})
    if size <= 64:
        found |= steps_of_rl(folder, start)
    return found


def layers_of(size: int) -> int:
    """Layers of a Llama of WIDTHS with about so many million parameters, 12 · width² in each."""
    return max(1, round(size * 1e6 / (12 * WIDTHS[size] ** 2)))


def steps_of_rl(folder: Path, base: Path) -> Found:
    """A step of RLOO as `scripts.forecast` measures it, and as a training takes it, with as many texts and tokens."""
    import pandas as pd

    from lib.jobs.checkpoints import Checkpoints
    from scripts.forecast import measure
    from scripts.policy import train_policy

    texts = [f"{text} {i}" for text in TEXTS for i in range(4)]
    rows = [{"text": text, "split": "train", "domain": "d", "rating": 1} for text in texts]
    (folder / "snippets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    compute = {"device": "cpu", "precision": "float32"}
    policy = params["policy"] | {"prompts_per_step": 4, "completions_per_prompt": 2, "max_new_tokens": 8, "parts": 1}
    config = params | {"experiment": "growth", "compute": compute, "policy": policy}
    place = folder / "results/growth/base"
    place.parent.mkdir(parents=True)
    place.symlink_to(base.absolute())
    table = pd.DataFrame({"text": texts, "prompt": [" ".join(text.split()[:3]) for text in texts]})
    table["completion"] = table["text"].str.split(" ").str[3:].str.join(" ")
    os.chdir(folder)
    (folder / "forecast").mkdir()
    told = measure(config, table, folder / "forecast")["RL"]
    taken = []
    for steps in (2, 5):
        made = folder / f"trained-{steps}"
        made.mkdir()
        function = {"kind": "function", "function": "lib.rewards:brevity", "arguments": {"words": 9}, "weight": 1.0}
        started = time.perf_counter()
        train_policy(
            base,
            base,
            base,
            folder / "snippets.jsonl",
            made / "model",
            made / "history.csv",
            None,
            None,
            Checkpoints(made / "checkpoints", 1000, "growth", {}),
            reward={"short": function},
            algorithm="rloo",
            ppo={},
            split="train",
            prompt_words=3,
            left_out=None,
            steps=steps,
            prompts_per_step=4,
            completions_per_prompt=2,
            parts=1,
            max_new_tokens=8,
            temperature=1.0,
            learning_rate=1e-5,
            warmup_steps=1,
            clip_norm=1.0,
            beta=0.1,
            mu=0.0,
            kl_every=policy["kl_every"],
            kl_estimator="exact_per_token",
            lora=None,
            compute=compute,
            seed=1,
        )
        taken.append(time.perf_counter() - started)
    return {("RL, forecast", "s a step"): told, ("RL, training", "s a step"): (taken[1] - taken[0]) / 3}


def one_thread() -> None:
    """As in the jobs."""
    import torch

    torch.set_num_threads(1)


QUANTITIES = {
    "jobs": Quantity(of_jobs, [80, 250, 500, 1500, 5000], "jobs in the graph"),
    "own_graph": Quantity(of_own_graph, [2, 8, 20, 60], "seeds of the default experiment"),
    "merges": Quantity(of_merges, [2, 4, 8, 16], "policies merged on disk"),
    "policies": Quantity(of_policies, [2, 4, 8, 16], "policies in each of 5 soups"),
    "lambdas": Quantity(of_lambdas, [11, 21, 51, 101], "λ of a front of two policies"),
    "seeds": Quantity(of_seeds, [2, 4, 8, 16, 32], "seeds"),
    "model_size": Quantity(of_model_size, [1, 4, 16, 64, 256], "million parameters"),
}
