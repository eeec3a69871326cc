"""Write the linear soup of some models as a model of its own (Rewarded Soups, section 2)."""

from pathlib import Path

from lib.merging import linear_soup
from lib.weights import set_weights, weights
from scripts.command_line import Output, run
from scripts.reading import language_model, tokenizer

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
    merged = language_model(policies[0])
    set_weights(merged, linear_soup([weights(language_model(path)) for path in policies], coefficients))
    merged.save_pretrained(model)
    tokenizer(policies[0]).save_pretrained(model)
    rows = "\n".join(f"| {value:g} | `{path}` |" for value, path in zip(coefficients, policies))
    (model / "README.md").write_text(CARD.format(rows=rows))


if __name__ == "__main__":
    run(write_soup)
