"""Write README's table of claims, docs/results.md, its figures and docs/front.html from the recorded experiments.

    make docs

Nothing in them is typed by hand: `docs/templates/results.md` has the sentences, `experiments/*/recorded` the numbers.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from lib.papers.claims import claims_table
from lib.papers.evidence import Evidence
from lib.papers.recorded import Part, evidence_of, parts_of
from lib.papers.register import claims_of, page_of, report_of
from lib.papers.rewarded_soups.released import indicators
from lib.reporting import html_page
from lib.reporting.charts import Tab
from lib.reporting.documents import between_marks, coverage_table, link_to, provenance, section, short_table
from lib.reporting.figures import save
from lib.reporting.samples import samples_by_prompt
from lib.reporting.tables import as_table, basis
from scripts.rewarded_soups_released import side_by_side

EXPERIMENT = "evidence"  # whose claims README has
AGAIN = {  # what runs an experiment again, where `make run` isn't the shortest
    "evidence": "make evidence PAPER={paper}",
    "smollm2": "make smollm2 PAPER={paper}",
    "locomotion": "make locomotion",
}
TITLES = {
    "rewarded_soups": "Rewarded Soups",
    "warp": "WARP",
    "salsa": "SALSA",
    "reward_ensembles": "Reward ensembles",
}
FIGURES = {  # by paper: of its figures, that which the page shows, with what it shows
    "rewarded_soups": ("front", "The front of soups, MORL and mixed logits"),
    "warp": ("plane", "The plane of KL and reward"),
    "salsa": ("win_rates", "Win rates"),
    "reward_ensembles": ("training_kl", "Gold reward and proxy along training"),
    "compatibility": ("map", "What soups reach of what MORL reaches"),
    "together": ("front", "The fronts of all variants"),
}
FURTHER = {  # sections beside those of the papers: experiment and paper
    "When is a soup enough?": ("map", "compatibility"),
    "When is a soup enough, with LoRA?": ("map_lora", "compatibility"),
    "Methods together": ("together", "together"),
    "Rewarded Soups on a robot": ("locomotion", "rewarded_soups"),
    "WARP on a robot": ("locomotion", "warp"),
    **{f"{title} with SmolLM2": ("smollm2", paper) for paper, title in TITLES.items()},
    "SALSA with SmolLM2, of an SFT pair farther apart": ("smollm2_salsa", "salsa"),
}
SAMPLED = {"locomotion": "How the robot walks"}  # what samples are, where they are no texts
RELEASED = "locomotion"  # the experiment that stands beside what the authors of Rewarded Soups released
WIDTH, DPI = 6.0, 150


def write(root: Path, into: Path) -> None:
    """Writes README.md, docs/results.md, docs/front.html and docs/figures below `into`. root: of the repository."""
    parts = recorded(root)
    found = {paper: evidence_of(of_paper, paper) for paper, of_paper in parts.items()}
    claims = claims_table({paper: claims_of(paper) for paper in found}, found)
    figures = into / "docs/figures"
    figures.mkdir(parents=True, exist_ok=True)
    tabs = [html_tab(paper, evidence, figures, parts[paper]) for paper, evidence in found.items()]
    first = next(iter(found.values()))
    about = {
        "experiment": EXPERIMENT,
        "command": f"make run EXPERIMENT={EXPERIMENT} TARGET=results/{EXPERIMENT}/",
        "basis": basis(len(first.seeds), next(iter(first.scores.values())).prompts),
    }
    (into / "docs/front.html").write_text(html_page.page_of([*tabs, html_page.claims_tab(claims)], about))
    template = (root / "docs/templates/results.md").read_text()
    further = {title: text for title in FURTHER if (text := of_further(root, title, figures))}
    sections = [of_paper(paper, parts[paper], claims[claims["paper"] == paper]) for paper in found]
    page = template.format(
        shared=shared(next(iter(parts.values()))),
        further="".join(f", {link_to(title)}" for title in further),
        papers="\n\n".join([*sections, *further.values()]),
        coverage=coverage_table(pd.read_csv(root / "docs/coverage.csv")),
        trials=as_table(pd.read_csv(root / "docs/trials.csv")),
    )
    (into / "docs/results.md").write_text(page)
    seeds = ", ".join(f"{len(evidence.seeds)} of {TITLES[paper]}" for paper, evidence in found.items())
    table = short_table(claims, "docs/results.md")
    readme = between_marks((root / "README.md").read_text(), f"Seeds: {seeds}.\n\n{table}")
    (into / "README.md").write_text(readme)


def recorded(root: Path) -> dict[str, dict[str, Part]]:
    """By paper, the recorded parts that have it."""
    return {paper: parts for paper in TITLES if (parts := parts_of(root, EXPERIMENT, paper))}


def html_tab(paper: str, evidence: Evidence, figures: Path, parts: Mapping[str, Part]) -> Tab:
    """A paper's tab of the page. Draws its figures, and keeps the one that the documents show."""
    tables = import_module(f"lib.papers.{paper}.claims").tables(evidence)
    shared = next(iter(parts.values())).folder / "shared" / paper
    figure = figures / f"{paper}_{FIGURES[paper][0]}.png"
    draw_shown(paper, evidence, tables, figure)
    of_points = shared / "samples_of_points.csv"
    samples = of_points if of_points.exists() else shared / "samples.csv"
    with tempfile.TemporaryDirectory() as folder:
        evidence.write(Path(folder, "evidence"))
        tab = page_of(paper).tab({"evidence": Path(folder, "evidence"), "figures": figures, "samples": samples})
    return tab._replace(figure=(figure, tab.figure[1]))


def draw_shown(paper: str, evidence: Evidence, tables: Mapping[str, pd.DataFrame], to: Path) -> None:
    """Draws the figure of a paper that the documents show."""
    figures = import_module(f"scripts.{paper}_figures")
    draw_one(lambda folder: figures.draw(evidence, tables, folder, WIDTH, DPI), FIGURES[paper][0], to)


def draw_one(draw: Callable[[Path], None], name: str, to: Path) -> None:
    """Draws figures into a folder of its own, and keeps the one of this name."""
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder))
        shutil.copy(Path(folder, f"{name}.png"), to)
    plt.close("all")


def of_paper(paper: str, parts: Mapping[str, Part], rows: pd.DataFrame) -> str:
    """A paper's section of the page."""
    name, caption = FIGURES[paper]
    figure = f"![{caption}](figures/{paper}_{name}.png)"
    return section(
        TITLES[paper], origin_of(EXPERIMENT, parts, paper), figure, rows, samples_at_equal_kl(EXPERIMENT, parts, paper)
    )


def samples_at_equal_kl(experiment: str, parts: Mapping[str, Part], paper: str) -> str:
    """What policies write, of the first of the recorded parts; nothing where there are no samples of its paper."""
    file = next(iter(parts.values())).folder / "shared" / paper / "samples_at_equal_kl.csv"
    if not file.exists():
        return ""
    shown = SAMPLED.get(experiment, "What policies write")
    return f"{shown} at about equal KL, of the first seed:\n\n{samples_by_prompt(file)}"


def origin_of(experiment: str, parts: Mapping[str, Part], paper: str) -> str:
    """Where the numbers of a paper's recorded parts come from, and the command that runs them again."""
    again = AGAIN.get(experiment, "make run EXPERIMENT={experiment}").format(experiment=experiment, paper=paper)
    return provenance(experiment, {name: part.about for name, part in parts.items()}, f"`{again}`")


def of_further(root: Path, title: str, figures: Path) -> str:
    """A section beside those of the papers, and its figures; nothing where its experiment is not recorded."""
    experiment, paper = FURTHER[title]
    parts = parts_of(root, experiment, paper)
    if not parts:
        return ""
    evidence = evidence_of(parts, paper)
    tables = import_module(f"lib.papers.{paper}.claims").tables(evidence)
    name, caption = FIGURES[paper]
    kept = figures / f"{experiment}_{name}.png"
    draw_shown(paper, evidence, tables, kept)
    origin = origin_of(experiment, parts, paper)
    figure = f"![{caption}]({figures.name}/{kept.name})"
    rows = claims_table({paper: claims_of(paper)}, {paper: evidence})
    notes = {"compatibility": lambda: report_of(paper).measured(tables["map"])}
    if experiment == RELEASED:
        notes["rewarded_soups"] = lambda: beside_released(evidence, figures)
    shown = filter(None, [notes.get(paper, str)(), samples_at_equal_kl(experiment, parts, paper)])
    return section(title, origin, figure, rows, "\n\n".join(shown))


def beside_released(evidence: Evidence, figures: Path) -> str:
    """The fronts beside those that the authors of Rewarded Soups released, and what each is worth."""
    kept = figures / f"{RELEASED}_released.png"
    draw_one(lambda folder: save(folder, "released", side_by_side(evidence, WIDTH), DPI), "released", kept)
    figure = f"![The fronts here and the authors']({figures.name}/{kept.name})"
    return (
        f"{figure}\n\nWhat fronts are worth, with θ_sft at 0 and each expert at 1:\n\n{as_table(indicators(evidence))}"
    )


def shared(parts: Mapping[str, Part]) -> str:
    """What the papers share, of the first part: the base model, the SFT pair, and how rewards agree with people."""
    folder = next(iter(parts.values())).folder / "shared"
    base = json.loads((folder / "base.json").read_text())
    key = "bits per byte, validation"
    bits = {f"θ_sft{path.stem}": json.loads(path.read_text()) for path in sorted(folder.glob("sft/[12].json"))}
    rewards = [*sorted(folder.glob("reward/*.json")), folder / "gold.json"]
    agreement = pd.DataFrame({"reward": path.stem} | json.loads(path.read_text()) for path in rewards)
    models = {"θ_pre": base} | bits
    return (
        "Bits per byte of held-out texts: "
        + ", ".join(f"{name} {model[key]:.3f}" for name, model in models.items())
        + ".\n\nHow far rewards agree with human labels that they have not seen:\n\n"
        + as_table(agreement.drop(columns="texts", errors="ignore"))
    )


if __name__ == "__main__":
    write(Path(), Path())
