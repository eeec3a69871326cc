"""Texts with human labels, to train reward models on and to measure their agreement with people."""

from pathlib import Path

import pandas as pd

from lib.data.prompts import snippets

Label = str | dict[str, float]


def labelled(path: Path, split: str, label: Label) -> pd.DataFrame:
    """The snippets of a split with the columns `label` and `standardised`. Texts without the label are left out.

    label: the name of a numeric column, or a number for each of some domains. standardised: the label with mean 0 and
    standard deviation 1, which reward models are trained on. A reward is then in standard deviations of its label over
    the training texts, and rewards of different labels can be added. Raises ValueError if all labels are equal.
    """
    table = snippets(path, split)
    labels = table[label] if isinstance(label, str) else table["domain"].map(label)
    table = table.assign(label=labels).dropna(subset="label").reset_index(drop=True)
    if table["label"].nunique() < 2:
        raise ValueError(
            f"{path}, split {split}: {len(table)} texts have the label {label}, all the same: nothing to learn"
        )
    return table.assign(standardised=(table["label"] - table["label"].mean()) / table["label"].std())
