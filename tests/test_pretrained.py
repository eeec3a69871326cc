"""A base model that others have trained, out of a wheel, a directory."""

import json
import zipfile

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.work.gguf_file import write_gguf
from lib.models.language_models import new_llama
from lib.models.weights import weights_of
from scripts.pretrained import take_pretrained

FILE = "package/model.gguf"


@pytest.fixture
def taken(tmp_path):
    """Takes a model, with a text for validation."""
    (tmp_path / "snippets.jsonl").write_text(json.dumps({"text": "the sea was calm", "split": "validation"}) + "\n")

    def take(given, source, file=None):
        model, report = tmp_path / "base", tmp_path / "base.json"
        compute = {"device": "cpu", "precision": "float32"}
        settings = {"source": source, "file": file, "revision": None, "compute": compute}
        take_pretrained([given], tmp_path / "snippets.jsonl", model, report, **settings)
        return model, json.loads(report.read_text())

    return take


@pytest.fixture
def model(tokenizer):
    """Weights that bfloat16 carries."""
    made = new_llama(tokenizer, hidden_size=16, layers=2, heads=2, context=32, seed=0)
    return made.bfloat16().float()


def vocabulary_of(tokenizer):
    """Adds a tokenizer to a file as llama.cpp does."""

    def add(writer):
        merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
        writer.add_tokenizer_model("gpt2")
        writer.add_token_list(tokenizer.convert_ids_to_tokens(range(len(tokenizer))))
        writer.add_token_merges([" ".join(merge) for merge in merges])
        writer.add_bos_token_id(tokenizer.bos_token_id)
        writer.add_eos_token_id(tokenizer.eos_token_id)
        writer.add_unk_token_id(tokenizer.pad_token_id)

    return add


def test_a_gguf_file_in_a_wheel(taken, model, tokenizer, tmp_path):
    write_gguf(model, tmp_path / "model.gguf", vocabulary_of(tokenizer))
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as wheel:
        wheel.write(tmp_path / "model.gguf", FILE)
    base, report = taken(tmp_path / "package.whl", "wheel:package==1.0", FILE)
    read = AutoModelForCausalLM.from_pretrained(base)
    assert read.dtype == torch.bfloat16 and report["parameters"] == model.num_parameters()
    for name, tensor in weights_of(read).items():
        assert torch.equal(tensor, weights_of(model)[name]), name
    tokens = AutoTokenizer.from_pretrained(base)
    assert tokens.convert_ids_to_tokens(tokens("the sea")["input_ids"]) == tokenizer.tokenize("the sea")
    assert read.config.pad_token_id == tokens.pad_token_id != tokens.eos_token_id
    assert not hasattr(read.config, "quantization_config")


def test_a_file_that_the_wheel_has_not_is_named(taken, tmp_path):
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as wheel:
        wheel.writestr("other.txt", "nothing")
    with pytest.raises(
        ValueError, match=r"base\.file: .*package\.whl cannot be read as a wheel that holds package/model"
    ):
        taken(tmp_path / "package.whl", "wheel:package==1.0", FILE)


def test_a_directory_keeps_its_type(taken, model, tokenizer, tmp_path):
    model.half().save_pretrained(tmp_path / "given")
    tokenizer.save_pretrained(tmp_path / "given")
    base, report = taken(tmp_path / "given", str(tmp_path / "given"))
    assert AutoModelForCausalLM.from_pretrained(base).dtype == torch.float16
    assert len(report["samples"]) == 1 and report["bits per byte, validation"] > 0


def test_pickles_are_not_read(taken, model, tokenizer, tmp_path):
    (tmp_path / "given").mkdir()
    model.config.save_pretrained(tmp_path / "given")
    tokenizer.save_pretrained(tmp_path / "given")
    torch.save(model.state_dict(), tmp_path / "given/pytorch_model.bin")
    with pytest.raises(ValueError, match=r"base\.source: .* no file named model\.safetensors"):
        taken(tmp_path / "given", str(tmp_path / "given"))
