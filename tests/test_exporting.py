"""A soup as a model for other tools, loaded by these tools."""

import json
import shutil
import subprocess
import venv
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from huggingface_hub import ModelCard
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from lib.graph.experiment import Experiment
from lib.merging import linear_soup
from lib.models.exporting import truncated, write_merged
from lib.models.lora_on_disk import read_factors, write_factors
from lib.models.streaming import merge
from lib.models.weights import weights_of
from scripts.export import export, policies_of, seed_of
from tests.checkout import ROOT
from tests.test_adapters import LORA, base, full, policies  # noqa: F401 (fixtures)

MIXTURE = "editorial=0.7+positivity=0.3"
RESULTS = Path("results/own")
PARAMS = Path("experiments/own/params.yaml")
IDS = torch.tensor([[1, 5, 6, 9, 12], [1, 2, 3, 4, 5]])
MERGEKIT = "mergekit==0.1.5"


@pytest.fixture
def experiment(tmp_path, monkeypatch) -> Experiment:
    """An experiment without results yet, in whose checkout this process works."""
    monkeypatch.chdir(tmp_path)
    params = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"experiment": "own", "lora": LORA}
    params["policy"] |= {"temperature": 0.9, "max_new_tokens": 5}
    return Experiment(params, ROOT, [PARAMS])


@pytest.fixture
def with_lora(experiment, tmp_path, tokenizer, policies) -> Experiment:  # noqa: F811
    """With two LoRA policies on one start."""
    shutil.copytree(tmp_path / "base", RESULTS / "base")
    tokenizer.save_pretrained(RESULTS / "base")
    for reward, folder in zip(("editorial", "positivity"), policies[1:]):
        place = RESULTS / f"policy/{reward}/seed-1"
        write_factors(read_factors(folder), RESULTS / "base", place)
        tokenizer.save_pretrained(place)
    return experiment


@pytest.fixture
def with_full_weights(experiment, llama, other_llama, tokenizer) -> Experiment:
    """With two policies all of whose weights were trained, which trainings leave without a cache."""
    experiment.config["lora"] = None
    places = [RESULTS / "base", *(RESULTS / f"policy/{reward}/seed-1" for reward in ("editorial", "positivity"))]
    for place, model in zip(places, (llama, llama, other_llama)):
        model.config.use_cache = place == places[0]
        model.save_pretrained(place)
        tokenizer.save_pretrained(place)
    return experiment


def exported(experiment: Experiment, rank: int | None = None, mixture: str = MIXTURE) -> Path:
    export(experiment, PARAMS, mixture, 1, Path("models/soup"), rank)
    return Path("models/soup")


def logits(model) -> torch.Tensor:
    with torch.no_grad():
        return model(IDS).logits


def soup_of(policies, base) -> dict[str, torch.Tensor]:  # noqa: F811
    return linear_soup([full(folder, base) for folder in policies[1:]], [0.7, 0.3])


def test_a_lora_soup_is_a_plain_model_for_transformers(with_lora, policies, base):  # noqa: F811
    place = exported(with_lora)
    model = AutoModelForCausalLM.from_pretrained(place)
    ours, expected = weights_of(model), soup_of(policies, base)
    assert ours.keys() == expected.keys()
    assert max((ours[name] - expected[name]).abs().max() for name in ours) < 1e-6
    plain = weights_of(base)
    same = [name for name in ours if torch.equal(ours[name], plain[name])]
    assert "model.embed_tokens.weight" in same and not any("q_proj" in name for name in same)
    assert not Path("models/soup.partial").exists()


def test_the_exact_adapter_is_the_merged_model_for_peft(with_lora, base):  # noqa: F811
    place = exported(with_lora)
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(RESULTS / "base"), place / "adapter")
    merged = logits(AutoModelForCausalLM.from_pretrained(place))
    assert (logits(adapted) - merged).abs().max() < 1e-4
    assert (logits(base) - merged).abs().max() > 0.01
    assert json.loads((place / "adapter/adapter_config.json").read_text())["r"] == 6  # 2 of the start, 2 of each


def test_an_adapter_of_a_smaller_rank_is_the_nearest_one_and_says_its_error(with_lora):
    place = exported(with_lora, rank=3)
    exact, smaller = (read_factors(place / name) for name in ("adapter", "adapter-rank-3"))
    lost = whole = 0.0
    for name, (a, b) in exact.items():
        near_a, near_b = smaller[name]
        assert len(near_a) == 3
        lost += (near_b @ near_a - b @ a).square().sum()
        whole += (b @ a).square().sum()
        singular = torch.linalg.svdvals(b @ a)
        assert (near_b @ near_a - b @ a).square().sum() == pytest.approx(singular[3:].square().sum().item(), rel=1e-3)
    error = (lost / whole).sqrt().item()
    assert error > 0.01
    assert f"it lacks {error:.2g} of the change" in (place / "README.md").read_text()
    assert "no log p" not in (place / "README.md").read_text()  # there are no prompts here
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(RESULTS / "base"), place / "adapter-rank-3")


def test_a_rank_that_a_weight_does_not_have_is_filled_with_zeros():
    generator = torch.Generator().manual_seed(0)
    factors = {"w": (torch.randn(6, 4, generator=generator), torch.randn(3, 6, generator=generator))}
    smaller, error = truncated(factors, 5)
    a, b = smaller["w"]
    assert (a.shape, b.shape) == ((5, 4), (3, 5))
    assert torch.allclose(b @ a, factors["w"][1] @ factors["w"][0], atol=1e-5)
    assert error == 0


def test_full_weights_are_the_bytes_of_the_soup(with_full_weights):
    place = exported(with_full_weights)
    paths = [RESULTS / f"policy/{reward}/seed-1" for reward in ("editorial", "positivity")]
    merge(paths, [Path("soup")], lambda parts: [linear_soup(parts, [0.7, 0.3])])
    assert (place / "model.safetensors").read_bytes() == Path("soup/model.safetensors").read_bytes()
    assert AutoModelForCausalLM.from_pretrained(place).config.use_cache
    assert not AutoModelForCausalLM.from_pretrained(paths[0]).config.use_cache


def test_the_base_models_type_is_kept_and_its_rounding_told(with_lora, policies, base):  # noqa: F811
    weights = load_file(RESULTS / "base/model.safetensors")
    save_file({name: one.bfloat16() for name, one in weights.items()}, RESULTS / "base/model.safetensors")
    exact = Path("adapter")
    place = exported(with_lora)
    shutil.copytree(place / "adapter", exact)
    stored = load_file(place / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.bfloat16}
    lost = learned = 0.0
    for name, (a, b) in read_factors(exact).items():
        origin = weights[name].bfloat16().float()
        lost += (stored[name].float() - origin - b @ a).square().sum()
        learned += (b @ a).square().sum()
    error = (lost / learned).sqrt().item()
    Path("again").mkdir()
    assert write_merged([exact], [1.0], RESULTS / "base", Path("again")) == pytest.approx(error, rel=1e-3)
    assert f"by {error:.2g} of what was learned" in (place / "README.md").read_text()


def test_it_samples_as_it_was_trained(with_lora, tokenizer):
    of_base = json.loads((RESULTS / "base/generation_config.json").read_text()) | {"eos_token_id": [7, 2]}
    (RESULTS / "base/generation_config.json").write_text(json.dumps(of_base))
    place = exported(with_lora)
    found = GenerationConfig.from_pretrained(place)
    assert (found.temperature, found.max_new_tokens, found.do_sample, found.top_k) == (0.9, 5, True, 0)
    assert found.eos_token_id == sorted({7, 2, tokenizer.eos_token_id})
    inputs = AutoTokenizer.from_pretrained(place)("the sea", return_tensors="pt")
    written = AutoModelForCausalLM.from_pretrained(place).generate(**inputs)
    assert inputs["input_ids"].size(1) < written.size(1) <= inputs["input_ids"].size(1) + 5


def test_the_card_has_the_numbers_of_the_results(with_lora):
    front = {"method": ["soup", "sft"], "mixture": [MIXTURE, "sft/1"]}
    for i, column in enumerate(("positivity", "kl")):
        front |= {f"{column}{end}": [i + 0.5 + step, 0.25] for end, step in (("", 0), ("_low", -0.1), ("_high", 0.1))}
    (RESULTS / "rewarded_soups").mkdir()
    pd.DataFrame(front).to_csv(RESULTS / "rewarded_soups/front.csv", index=False)
    text = (exported(with_lora) / "README.md").read_text()
    assert "| positivity | 0.500 (0.400 to 0.600) | 0.250 (0.250 to 0.250) |" in text
    assert "| kl         | 1.500 (1.400 to 1.600) |" in text
    assert "| 0.7 | editorial | `{'label': {'editorial': 1, 'tweet': 0}}` |" in text
    for said in ("no commit", str(PARAMS), "max_new_tokens: 5", "adapter of rank 6", "vllm serve .", "hf upload"):
        assert said in text
    assert str(Path.cwd()) not in text
    head = ModelCard(text).data
    assert (head.library_name, head.language, head.base_model) == ("transformers", "en", None)


def test_the_card_names_the_base_model_with_its_licence_and_adapters_too(with_lora, tmp_path, monkeypatch):
    experiment = with_lora
    given = tmp_path / "given"
    given.mkdir()
    (given / "README.md").write_text("---\nlicense: apache-2.0\nlanguage: [de]\n---\nA model.\n")
    experiment.config["base"] = {"source": str(given), "parameters": 1e5}
    head = ModelCard.load(exported(experiment) / "README.md").data
    assert (head.license, head.language, head.base_model) == ("apache-2.0", ["de"], None)
    experiment.config["base"] = {"source": "hub:some/model", "revision": "0" * 40, "parameters": 1e5}
    shutil.rmtree("models")
    place = exported(experiment, mixture="editorial")
    assert ModelCard.load(place / "README.md").data.base_model == "some/model"
    assert "Its licence is not known here" in (place / "README.md").read_text()
    assert "This soup was not scored" not in (place / "README.md").read_text()  # nothing was
    config = json.loads((place / "adapter/adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("some/model", "0" * 40)


def test_what_cannot_be_exported_is_told(with_lora, with_full_weights=None):
    with pytest.raises(ValueError, match=r"RANK: 6 is no smaller rank: the exact soup has 6"):
        exported(with_lora, rank=6)
    assert not Path("models/soup").exists()
    exported(with_lora)
    with pytest.raises(ValueError, match="EXPORT: models/soup is there already"):
        exported(with_lora)
    with pytest.raises(ValueError, match="MIXTURE: there is no reward joy; there are positivity, editorial, brevity"):
        policies_of(with_lora, PARAMS, "joy", 1)
    wanted = "results/own/policy/brevity/seed-1"
    with pytest.raises(ValueError, match=f"{wanted} is not there: .* --configfile {PARAMS} -- {wanted}` trains it"):
        policies_of(with_lora, PARAMS, "brevity", 1)
    with pytest.raises(ValueError, match="SEED: there is no seed 4; there are 1, 2, 3"):
        seed_of(with_lora, 4)
    assert seed_of(with_lora, None) == 1


def test_a_rank_without_lora_is_refused(with_full_weights):
    with pytest.raises(ValueError, match=r"RANK: .*params.yaml trains all weights"):
        exported(with_full_weights, rank=2)


@pytest.fixture(scope="module")
def mergekit(tmp_path_factory) -> Path:
    """mergekit in an environment of its own, which takes what it can from the one that the tests run in."""
    folder = tmp_path_factory.mktemp("mergekit")
    venv.create(folder, with_pip=True)
    [packages] = folder.glob("lib/python*/site-packages")
    here = Path(yaml.__file__).parent.parent
    (packages / "tests.pth").write_text(f"{here}\n")
    done = subprocess.run(
        [folder / "bin/python", "-m", "pip", "install", "--quiet", MERGEKIT], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"{MERGEKIT} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return folder / "bin/mergekit-yaml"


@pytest.mark.long
@pytest.mark.parametrize("kind", ["with_lora", "with_full_weights"])
def test_mergekit_makes_the_same_of_the_recipe(mergekit, kind, request):
    place = exported(request.getfixturevalue(kind))
    options = ["--no-write-model-card", *(["--lora-merge-cache", "cache"] if kind == "with_lora" else [])]
    subprocess.run([mergekit, place / "mergekit.yaml", "merged", *options], check=True)
    ours, theirs = load_file(place / "model.safetensors"), load_file("merged/model.safetensors")
    assert ours.keys() == theirs.keys()
    assert max((ours[name] - theirs[name]).abs().max() for name in ours) < 1e-5
