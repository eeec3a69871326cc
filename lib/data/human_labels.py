"""Texts with a human label, to learn from, and to see how well what was learned agrees with people."""

from pathlib import Path

import pandas as pd

from lib.data.prompts import snippets

Label = str | dict[str, float]


def labelled(path: Path, split: str, label: Label) -> pd.DataFrame:
    """The snippets of a split that have the label: a column of numbers by name, or a number for some of the domains.

    With `standardised`, the label with mean 0 and standard deviation 1, which is what is learned: so a reward is in
    standard deviations of its label over the training texts, and rewards of different labels can be added. Texts
    without the label are left out. Raises ValueError where all that are left have the same.
    """
    table = snippets(path, split)
    labels = table[label] if isinstance(label, str) else table["domain"].map(label)
    table = table.assign(label=labels).dropna(subset="label").reset_index(drop=True)
    if table["label"].nunique() < 2:
        raise ValueError(
            f"of {path}, {split}, {len(table)} texts have the label {label}, all the same: nothing to learn"
        )
    return table.assign(standardised=(table["label"] - table["label"].mean()) / table["label"].std())
