"""Write a merge of some models, by its name in `lib.merging`, as a model of its own."""

import json
from pathlib import Path

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.merging import merge_named
from lib.models.lora_on_disk import base_of, is_adapter
from lib.models.merges_on_disk import write_merge

CARD = """---
library_name: transformers
tags: [paretosoup, merge]
---
# A merge by {name}

The weights are {formula} ({source}), computed in float32, with θ_start = `{start}` and

| λ | model |
|---|---|
{rows}

{loading}
"""
PLAIN = "Load it with `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained`."
FACTORS = """It is LoRA factors on the base model `{base}`, whose path stands in its `adapter_config.json`: load it with
`AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained` where that can be found."""
DENSE = """The policies are LoRA factors on the base model `{base}`. A merge by {name} has no low rank: it is a
model with all weights W + B A, in float32. """


def write(start: Path, policies: list[Path], model: Output, *, merge: str, weights: list[float]) -> None:
    """start: θ_start, where the policies started; merges that have none in their formula do not read it."""
    by = merge_named(merge)
    write_merge(by, start, policies, weights, model)
    use_cache_again(model)
    rows = "\n".join(f"| {weight:g} | `{path}` |" for weight, path in zip(weights, policies))
    loading = PLAIN
    if is_adapter(model):
        loading = FACTORS.format(base=base_of(model))
    elif is_adapter(policies[-1]):
        loading = DENSE.format(base=base_of(policies[-1]), name=merge) + PLAIN
    card = CARD.format(name=merge, formula=by.formula, source=by.source, start=start, rows=rows, loading=loading)
    (model / "README.md").write_text(card)


def use_cache_again(model: Path) -> None:
    """Takes out of a model's configuration that it keeps no cache, which is for training and makes generation slow."""
    file = model / "config.json"
    if file.exists():
        config = json.loads(file.read_text())
        file.write_text(json.dumps(config | {"use_cache": True}, indent=2) + "\n")


if __name__ == "__main__":
    run(write)
