"""The page of an experiment: fronts, a point to choose, and claims, in one file that needs no network."""

from pathlib import Path

import pandas as pd

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.register import PAPERS, page_of
from lib.reporting import html_page
from lib.reporting.tables import basis


def write_page(
    claims: Path, page: Output, *, files: KeyedFiles, experiment: str, command: str, seeds: list[int], prompts: int
) -> None:
    """files: by paper, what its tab is made from. command: with which snakemake makes a target below the results."""
    tabs = [page_of(name).tab(files[name]) for name in PAPERS if name in files]
    judged = pd.read_csv(claims)
    about = {"experiment": experiment, "command": command, "basis": basis(len(seeds), prompts)}
    page.write_text(html_page.page_of([*tabs, html_page.claims_tab(judged)], about))


if __name__ == "__main__":
    run(write_page)
