"""What a user asks of a soup: conditions that it has to meet, and a mixture of rewards of which to have the most."""

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lib.reward_models.mixtures import canonical, mixture_weights
from lib.statistics.intervals import Floats

SIGNS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
COSTS = ("kl", "tokens")  # of which nobody wants the most
CONDITION = re.compile(r"(\w+)\s*(>=|<=|>|<)\s*(\S+)")


class Condition(NamedTuple):
    """A bound on a column of the scores, such as positivity >= 0.4."""

    column: str
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.column} {self.sign} {self.bound:g}"

    def met(self, values: Floats) -> Floats:
        """Which values meet it."""
        return SIGNS[self.sign](values, self.bound)

    def lacking(self, values: Floats) -> Floats:
        """How much values lack to meet it, in the column's unit; 0 where they do."""
        lack = self.bound - values if self.sign.startswith(">") else values - self.bound
        return np.maximum(lack, 0)


@dataclass(frozen=True)
class Wish:
    """Conditions, all of which have to be met, and a mixture of rewards of which there is to be the most."""

    where: list[Condition]
    best: dict[str, float]

    @classmethod
    def of(cls, where: str, best: str, columns: Sequence[str]) -> "Wish":
        """From what the user wrote. columns: that may be named. Raises ValueError for what cannot be read."""
        rewards = [column for column in columns if column not in COSTS]
        if not best.strip():
            raise ValueError(f"BEST: of what is there to be the most? {', '.join(rewards)}, or a mixture, a=0.5+b=0.5")
        try:
            wish = cls(conditions(where), mixture_weights(canonical(best)))
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith("WHERE") else f"BEST: {error}") from None
        asked = ("WHERE", [one.column for one in wish.where], columns), ("BEST", list(wish.best), rewards)
        for key, names, known in asked:
            if unknown := [name for name in names if name not in known]:
                raise ValueError(f"{key}: there is no {unknown[0]}; there are {', '.join(known)}")
        return wish

    @property
    def names(self) -> set[str]:
        """All columns that it names."""
        return {condition.column for condition in self.where} | self.best.keys()

    def __str__(self) -> str:
        return " and ".join(map(str, self.where))


def conditions(text: str) -> list[Condition]:
    """`positivity >= 0.4 and kl <= 10` as conditions; none where the text is empty."""
    found = []
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if text.strip() else []:
        match = CONDITION.fullmatch(part.strip())
        try:
            column, sign, bound = match.groups() if match else ("", "", "none")
            found.append(Condition(column, sign, float(bound)))
        except ValueError:
            raise ValueError(f"WHERE: {part!r} is no condition; write for example positivity >= 0.4") from None
    return found
