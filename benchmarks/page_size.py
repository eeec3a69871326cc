"""The size of pages, and after how many seconds a browser has drawn them.

    python -m benchmarks.page_size docs/front.html results/nano/front.html

measures these, and a page with made-up scores: 21 λ, a triangle of three rewards, eight seeds, and texts of each point.
A page that asks for anything but itself, or says anything to the console, is an error.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from playwright.sync_api import Browser

from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.page import tab
from lib.reporting.html_page import page_of
from lib.reporting.tables import basis
from lib.reward_models.mixtures import between, mixture_name, mixture_weights, simplex
from lib.statistics.scores import GROUPS, Scores
from tests.browser import opened, started

ROUNDS = 10
REWARDS = ["first", "second", "third"]
WEIGHTS, PREFERENCES = np.linspace(0, 1, 21).round(2).tolist(), [0.1, 0.25, 0.5, 0.75, 0.9]
SEEDS, PROMPTS, TEXTS = range(1, 9), 500, 4
WRITTEN = "a text that is as long as those which policies write here"
# The page forbids what a browser would have to evaluate again and again, so the picture is waited for once.
DRAWN = """() => new Promise((drawn) => new PerformanceObserver((seen) => {
    for (const paint of seen.getEntriesByName("first-contentful-paint")) drawn(paint.startTime);
}).observe({type: "paint", buffered: true}))"""


def made_up() -> Evidence:
    """Scores of soups, MORL, MOD and θ_sft."""
    pair = REWARDS[:2]
    soups = [*between(pair, WEIGHTS), *map(mixture_name, simplex(REWARDS, 6))]
    trained = [(method, mixture) for method in ("morl", "mod") for mixture in between(pair, PREFERENCES)]
    points = [("sft", "sft/1"), *dict.fromkeys(("soup", mixture) for mixture in soups), *trained]
    weights = [[mixture_weights(name).get(reward, 0) for reward in REWARDS] for _, name in points[1:]]
    means = np.pad(np.sqrt(weights), ((1, 0), (0, 2)))
    noise = np.random.default_rng(0).normal(scale=0.1, size=(len(SEEDS), GROUPS, *means.shape))
    scores = Scores([*SEEDS], points, [*REWARDS, "gold", "kl"], means + noise, np.full(GROUPS, PROMPTS / GROUPS))
    settings = {"rewards": pair, "columns": REWARDS, "simplex_rewards": REWARDS, "units": dict.fromkeys(REWARDS, "sd")}
    return Evidence(settings | {"start": "sft/1"}, {"held out": scores})


def write(folder: Path) -> Path:
    """The page of what is made up, without other papers."""
    evidence = made_up()
    Image.new("RGB", (1200, 1020), "white").save(folder / "front.png")
    evidence.write(folder / "evidence")
    rows = [(f"prompt {i}", *point, WRITTEN) for i in range(TEXTS) for point in evidence.scores["held out"].points]
    samples = pd.DataFrame(rows, columns=["prompt", "method", "mixture", "completion"])
    samples.to_csv(folder / "samples.csv", index=False)
    made = tab({"evidence": folder / "evidence", "figures": folder, "samples": folder / "samples.csv"})
    about = {"experiment": "made up", "basis": basis(len(SEEDS), PROMPTS), "command": "snakemake results/made_up/"}
    (folder / "front.html").write_text(page_of([made], about))
    return folder / "front.html"


def seconds(browser: Browser, path: Path) -> float:
    """From asking for the page until it is drawn."""
    with opened(browser, path) as page:
        return page.evaluate(DRAWN) / 1000


def measured(browser: Browser, path: Path, name: str) -> dict[str, str]:
    """A row of the table."""
    times = [seconds(browser, path) for _ in range(ROUNDS)]
    ends = f"{min(times):.2f} to {max(times):.2f} s"
    return {"page": name, "size": f"{path.stat().st_size / 1000:.0f} kB", "drawn after": ends}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path)
    pages = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as folder, started() as browser:
        rows = [measured(browser, path.resolve(), str(path)) for path in pages]
        rows.append(measured(browser, write(Path(folder)), "21 λ, eight seeds, three rewards, made-up scores"))
    print(pd.DataFrame(rows).to_markdown(index=False))


if __name__ == "__main__":
    main()
