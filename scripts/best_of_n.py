"""Best-of-n with each proxy and aggregate: the proxy's own score and the gold reward (Coste et al., section 4)."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.reward_models.best_of_n import best_of_n, kl
from lib.reward_models.ensembles import TrainedClassifier, aggregated


def compute_best_of_n(
    samples: Path, proxies: list[Path], curves: Output, *, sources: dict[str, dict], most: int, compute: dict
) -> None:
    """sources: by reward, its `models`, whose outputs are the members, its `aggregate` and `coefficient`.

    Writes a row per reward, n and prompt: `kl`, and `proxy` and `gold` of the best of n. n: powers of two up to `most`.
    """
    machine = Compute.of(compute)
    table = pd.read_json(samples, lines=True, dtype={"text": str})
    shape = (table["prompt"].nunique(), -1)
    gold = table["gold"].to_numpy().reshape(shape)

    @cache
    def members(directory: Path) -> torch.Tensor:
        print(f"scoring {len(table)} samples by {directory}")
        return TrainedClassifier(directory, machine)(list(table["text"]))

    assert {Path(path) for source in sources.values() for path in source["models"]} == set(proxies)
    rows = []
    for name, source in sources.items():
        outputs = torch.cat([members(Path(path)) for path in source["models"]], dim=1)
        proxy = aggregated(outputs, source["aggregate"], source["coefficient"]).double().numpy().reshape(shape)
        for n in 2 ** np.arange(int(np.log2(most)) + 1):
            best = {"proxy": best_of_n(proxy, proxy, n), "gold": best_of_n(proxy, gold, n)}
            rows.append(pd.DataFrame({"reward": name, "n": n, "kl": kl(n), "prompt": range(len(gold))} | best))
    pd.concat(rows).to_csv(curves, index=False)


if __name__ == "__main__":
    run(compute_best_of_n)
