"""Write the linear soup of some models as a model of its own (Rewarded Soups, section 2)."""

from pathlib import Path

from lib.checkpoints import merge
from lib.merging import linear_soup
from scripts.command_line import Output, run

CARD = """---
library_name: transformers
tags: [paretosoup, model-soup]
---
# A linear soup

The weights are Σᵢ λᵢ θᵢ (Rewarded Soups, arXiv 2306.04488, section 2), summed in float32:

| λ | model |
|---|---|
{rows}

Load it with `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained`.
"""


def write_soup(policies: list[Path], model: Output, *, coefficients: list[float]) -> None:
    merge(policies, [model], lambda parts: [linear_soup(parts, coefficients)])
    rows = "\n".join(f"| {value:g} | `{path}` |" for value, path in zip(coefficients, policies))
    (model / "README.md").write_text(CARD.format(rows=rows))


if __name__ == "__main__":
    run(write_soup)
