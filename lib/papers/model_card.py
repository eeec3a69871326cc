"""The card of an exported soup: what it is, how it was made, and what was found of it. All numbers are of results.

Longer than other modules: the text of the card.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from huggingface_hub import ModelCard, ModelCardData, try_to_load_from_cache

from lib.graph.experiment import Experiment
from lib.graph.history import git
from lib.reporting.tables import with_intervals
from lib.statistics.scores import ALONGSIDE

CARD = """
# {mixture}

A rewarded soup (arXiv 2306.04488): the weights are Σᵢ λᵢ θᵢ of policies θᵢ, each trained by RL on one reward, summed in
float32 and stored in {dtype}. {rounding}

| λ | policy trained on | reward |
|---|---|---|
{policies}

- Base model: {base}
- Seed of the policies: {seed}. They started from `{start}` of the experiment, after SFT.
- Data: {data}
- Made by paretosoup from {params}, at {commit}.

## What was found

{scores}

Rewards are those that policies were trained on; gold is a judge that none was trained on. KL is to θ_sft, in nats.

## Parameters

```yaml
{parameters}```

## Use

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

path = "."  # this directory
model, tokenizer = AutoModelForCausalLM.from_pretrained(path), AutoTokenizer.from_pretrained(path)
inputs = tokenizer("A prompt of your own", return_tensors="pt")
print(tokenizer.decode(model.generate(**inputs)[0], skip_special_tokens=True))
```

- vLLM: `vllm serve .`
- Ollama: `python convert_hf_to_gguf.py . --outfile soup.gguf` of llama.cpp; then `ollama create soup -f Modelfile`,
  where Modelfile has the line `FROM ./soup.gguf`. llama.cpp knows the tokenizers of published models alone.
- The Hugging Face hub: `hf upload USER/NAME .` Nothing is uploaded by itself.
- mergekit: `mergekit.yaml` is this merge as a recipe.
{adapters}"""


def card(
    experiment: Experiment, params: Path, weights: Mapping[str, float], seed: int, about: Mapping[str, Any]
) -> str:
    """The card in Markdown with its YAML head.

    weights: λ by reward. about: `mixture`; `hub`, the id of the base model there, or None; `rounding`, a sentence;
    `adapters`, lines on them.
    """
    value = experiment.value
    parameters = {key: value(key) for key in ("experiment", "seeds", "lora", "policy")}
    definitions = {name: experiment.config["rewards"][name] for name in weights}
    top = head(experiment, about["hub"])
    text = CARD.format(
        **about,
        dtype=json.loads(Path(experiment.results, "base/config.json").read_text()).get("dtype"),
        policies="\n".join(f"| {weight:g} | {name} | `{definitions[name]}` |" for name, weight in weights.items()),
        base=base_model(experiment, top.license),
        seed=seed,
        start=value("policy.start"),
        data=pinned(value("data")),
        params=f"`{params}`",
        commit=commit(),
        scores=scores(experiment, about["mixture"]),
        parameters=yaml.safe_dump(parameters, sort_keys=False, allow_unicode=True),
    )
    return f"---\n{top.to_yaml()}\n---\n{text}"


def head(experiment: Experiment, hub: str | None) -> ModelCardData:
    """What the hub reads. The licence and the language are those of the base model's card, where it has one here."""
    given = given_card(experiment.config["base"], hub)
    english = None if "rows" in experiment.config["data"] else "en"  # the ICWSM-14 texts
    return ModelCardData(
        base_model=hub,
        license=given.get("license"),
        language=given.get("language") or english,
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["paretosoup", "model-soup", "rewarded-soups"],
    )


def given_card(base: Mapping[str, Any], hub: str | None) -> dict[str, Any]:
    """The head of a base model's card: in its directory, or in the cache of the hub. Nothing is downloaded."""
    place = str(Path(base.get("source", ""), "README.md"))
    found = try_to_load_from_cache(hub, "README.md", revision=base["revision"]) if hub else place
    if "source" not in base or not isinstance(found, str) or not Path(found).exists():
        return {}
    return ModelCard(Path(found).read_text(), ignore_metadata_errors=True).data.to_dict()


def base_model(experiment: Experiment, licence: str | None) -> str:
    """The base model with its revision or hash."""
    spec = experiment.config["base"]
    with Path(experiment.results, "base/model.safetensors").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    source = pinned(spec) if "source" in spec else "a Llama that the experiment trained from scratch"
    unknown = "" if licence or "source" not in spec else " Its licence is not known here: see where it comes from."
    return f"{source}; its weights have the SHA-256 `{digest}`.{unknown}"


def pinned(spec: Mapping[str, Any]) -> str:
    """A source of the parameters, with what pins it."""
    pins = [f"{key} `{spec[key]}`" for key in ("name", "revision", "sha256") if key in spec]
    return ", ".join([f"`{spec['source']}`", *pins])


def commit() -> str:
    """The commit of the checkout, and whether files differ from it."""
    try:
        edited = " with changes that are not committed" if git("status", "--porcelain").strip() else ""
        return f"commit `{git('rev-parse', 'HEAD').decode().strip()}`{edited}"
    except ValueError:
        return "no commit (no git checkout)"


def scores(experiment: Experiment, mixture: str) -> str:
    """Scores with intervals of the soup and of θ_sft, from the table of the front."""
    file = Path(experiment.results, "rewarded_soups/front.csv")
    if not file.exists():
        return f"Nothing was scored: there is no `{file}`."
    front = pd.read_csv(file).set_index(["method", "mixture"])
    points = {("soup", mixture): "this soup", ("sft", experiment.value("policy.start")): "θ_sft"}
    shown = {point: label for point, label in points.items() if point in front.index}
    said = "" if len(shown) == len(points) else "This soup was not scored. "
    columns = [name for name in (*experiment.value("rewards"), *ALONGSIDE) if name in front]
    ends = [column for column in front if column.removesuffix("_low").removesuffix("_high") in columns]
    table = with_intervals(front.loc[list(shown), ends]).set_axis(list(shown.values())).T
    seeds = ", ".join(map(str, experiment.seeds))
    prompts = experiment.value("evaluation.prompts")
    basis = f"Means over the policies of seeds {seeds} on {prompts} held-out prompts, with 95 % intervals."
    return f"{said}{basis}\n\n{table.to_markdown()}"
