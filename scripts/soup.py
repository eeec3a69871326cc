"""Write the linear soup of some models as a model of its own (Rewarded Soups, section 2)."""

from pathlib import Path

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.merges.linear import linear_soup
from lib.models.frozen import FROZEN
from lib.models.lora_on_disk import base_of, is_adapter
from lib.models.streaming import merge

OF_TRANSFORMERS = "library_name: transformers\n"
CARD = """---
{library}tags: [paretosoup, model-soup]
---
# A linear soup

The weights are Σᵢ λᵢ θᵢ (Rewarded Soups, arXiv 2306.04488, section 2), summed in float32:

| λ | model |
|---|---|
{rows}

{how}
"""
HOW = "Load it with `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained`{place}."
OF_ROBOT = "It moves a robot: `lib.control.network.read_policy` and `lib.control.normaliser` load it."
ON_BASE = """, where `{base}` can be found: it is LoRA
factors on that base model, whose path stands in its `adapter_config.json`"""


def write_soup(policies: list[Path], model: Output, *, coefficients: list[float]) -> None:
    merge(policies, [model], lambda parts: [linear_soup(parts, coefficients)])
    place = ON_BASE.format(base=base_of(model)) if is_adapter(model) else ""
    rows = "\n".join(f"| {value:g} | `{path}` |" for value, path in zip(coefficients, policies))
    library, how = ("", OF_ROBOT) if (model / FROZEN).exists() else (OF_TRANSFORMERS, HOW.format(place=place))
    (model / "README.md").write_text(CARD.format(library=library, rows=rows, how=how))


if __name__ == "__main__":
    run(write_soup)
