"""Time a linear soup and SLERP of two checkpoints of SmolLM2-135M's size, and the same in mergekit.

Both run as processes, one after the other in each round, on checkpoints with random weights in bfloat16; both compute
in float32 and may use all cores. mergekit needs an environment of its own:

    python -m venv mergekit && mergekit/bin/pip install mergekit==0.1.5
    python -m benchmarks.merging --mergekit mergekit/bin/mergekit-yaml
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parent.parent
SIZES = {
    "vocab_size": 49152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
}
RECIPES = {
    "linear": "merge_method: linear",
    "nuslerp": "merge_method: nuslerp\nbase_model: start",
}
MODELS = """
models:
  - {model: first, parameters: {weight: 0.5}}
  - {model: second, parameters: {weight: 0.5}}
dtype: float32
out_dtype: bfloat16
"""
SOUP = "-m scripts.soup --policies first second --model ours-linear --settings"
SLERP = "import benchmarks.merging as b; b.slerp_alone()"
WARP = (
    "-m scripts.warp_merge --start start --policies first second --model ours-warp --end ours-end"
    " --angles angles.csv --settings"
)


def slerp_alone() -> None:
    """The same work as mergekit's nuslerp: one model. scripts.warp_merge also writes LITI's model and the angles."""
    from lib.merging import MERGES
    from lib.models.merges_on_disk import write_merge

    write_merge(MERGES["slerp"], Path("start"), [Path("first"), Path("second")], [0.5, 0.5], Path("ours-nuslerp"))


def write_models(folder: Path) -> None:
    """Three models: one, and two that are it plus noise, a hundredth of its weights' spread."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    for name, seed in (("start", None), ("first", 1), ("second", 2)):
        torch.manual_seed(0)
        model = LlamaForCausalLM(LlamaConfig(**SIZES)).bfloat16()
        if seed is not None:
            torch.manual_seed(seed)
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.add_(2e-4 * torch.randn(parameter.shape))
        model.save_pretrained(folder / name)
    for method, recipe in RECIPES.items():
        (folder / f"{method}.yaml").write_text(recipe + MODELS)


def differences(folder: Path) -> list[dict]:
    """Where ours and mergekit's differ. nuslerp has an angle per tensor, we have one per transformer block: they are
    the same for tensors outside the blocks."""
    from safetensors.torch import load_file

    rows = []
    for method in RECIPES:
        ours, theirs = (load_file(folder / f"{who}-{method}" / "model.safetensors") for who in ("ours", "mergekit"))
        names = [name for name in ours if method == "linear" or ".layers." not in name]
        apart = [(ours[name].float() - theirs[name].float()).abs() for name in names]
        numbers = sum(tensor.numel() for tensor in apart)
        rows.append(
            {
                "method": method,
                "tensors compared": len(names),
                "numbers": numbers,
                "share of equal numbers": 1 - sum(int((tensor > 0).sum()) for tensor in apart) / numbers,
                "largest difference / largest weight": max(
                    float(tensor.max() / ours[name].float().abs().max()) for tensor, name in zip(apart, names)
                ),
            }
        )
    return rows


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds, and the largest resident memory in MB, of a process that has to succeed."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(os.cpu_count())}
    with (folder / "log").open("w") as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - started
    if status:
        sys.exit(f"{' '.join(command)}:\n{(folder / 'log').read_text()}")
    return elapsed, used.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Times the merges in turn, round by round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mergekit", type=Path, required=True, help="mergekit-yaml of another environment")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    import pandas as pd

    # torch is loaded in other processes alone: a process is charged with the memory of the one that starts it
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(1, get_context("spawn")) as other,
    ):
        folder = Path(name)
        other.submit(write_models, folder).result()
        megabytes = (folder / "first" / "model.safetensors").stat().st_size / 1e6
        mergekit = [str(arguments.mergekit.absolute()), "--no-copy-tokenizer", "--no-write-model-card", "--quiet"]
        commands = {
            ("linear", "ours"): [sys.executable, *SOUP.split(), json.dumps({"coefficients": [0.5, 0.5]})],
            ("linear", "mergekit"): [*mergekit, "linear.yaml", "mergekit-linear"],
            ("nuslerp", "ours"): [sys.executable, "-c", SLERP],
            ("nuslerp", "mergekit"): [*mergekit, "nuslerp.yaml", "mergekit-nuslerp"],
            ("nuslerp + LITI", "ours"): [sys.executable, *WARP.split(), json.dumps({"eta": 0.3})],
        }
        rows = []
        for _ in range(arguments.rounds):
            for (method, who), command in commands.items():
                shutil.rmtree(folder / f"{who}-{method}", ignore_errors=True)
                seconds, memory = measure(command, folder)
                row = {"method": method, "who": who, "seconds": seconds}
                rows.append(row | {"peak / checkpoint": memory / megabytes})
        table = pd.DataFrame(rows).groupby(["method", "who"]).agg(["median", "min", "max"])
        print(table.round(2).to_string())
        medians = table["seconds"]["median"].unstack().dropna()
        for method, ratio in (medians["mergekit"] / medians["ours"]).items():
            print(f"{method}: {ratio:.1f} times as fast as mergekit; a checkpoint has {megabytes:.0f} MB")
        print(pd.DataFrame(other.submit(differences, folder).result()).to_string(index=False))


if __name__ == "__main__":
    main()
