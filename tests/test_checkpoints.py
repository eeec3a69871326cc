from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from lib.merging import linear_soup
from lib.models import streaming as checkpoints
from lib.models.streaming import merge, pieces
from lib.models.weights import weights_of
from tests.make_nuslerp import small_llama


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    """Two models of one architecture in one folder each, the second in bfloat16."""
    folders = [tmp_path / "first", tmp_path / "second"]
    small_llama(1, 0.1).save_pretrained(folders[0])
    small_llama(2, 0.1).bfloat16().save_pretrained(folders[1])
    (folders[1] / "README.md").write_text("# The second")
    return folders


@pytest.mark.parametrize("piece", [1, 40, 2**19])
def test_pieces_are_all_of_the_weights_in_float32(models, monkeypatch, piece):
    monkeypatch.setattr(checkpoints, "PIECE", piece)
    found: list[dict[str, list]] = [{}, {}]
    for parts in pieces(models):
        for model, part in zip(found, parts, strict=True):
            for name, tensor in part.items():
                assert tensor.dtype == torch.float32
                model.setdefault(name, []).append(tensor)
    for model, folder in zip(found, models):
        for name, tensor in load_file(folder / "model.safetensors").items():
            assert torch.equal(torch.cat(model.pop(name)), tensor.flatten().float())
        assert not model


def test_a_merge_is_a_model_like_the_last(models, tmp_path, monkeypatch):
    """Summed in float32, written in the type of the last; its card is not taken over."""
    monkeypatch.setattr(checkpoints, "PIECE", 40)
    merge(models, [tmp_path / "soup"], lambda parts: [linear_soup(parts, [0.25, 0.75])])
    expected = linear_soup([load_file(folder / "model.safetensors") for folder in models], [0.25, 0.75])
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "soup")
    assert merged.dtype == torch.bfloat16
    assert not (tmp_path / "soup" / "README.md").exists()
    for name, tensor in weights_of(merged).items():
        assert torch.equal(tensor, expected[name].bfloat16().float())


def test_two_models_are_written_in_one_pass(models, tmp_path):
    merge(models, [tmp_path / "a", tmp_path / "b"], lambda parts: reversed(parts))
    for output, folder in zip(("a", "b"), reversed(models)):
        written, given = (load_file(path / "model.safetensors") for path in (tmp_path / output, folder))
        assert all(torch.equal(written[name], tensor.bfloat16()) for name, tensor in given.items())


def test_other_tensors_are_refused_by_name(models, tmp_path):
    tensors = load_file(models[0] / "model.safetensors")
    save_file(tensors | {"model.norm.weight": torch.ones(3)}, models[0] / "model.safetensors")
    with pytest.raises(ValueError, match=r"first and .*second differ in the tensor model\.norm\.weight"):
        next(pieces(models))


def test_a_folder_without_weights_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere has no model\.safetensors"):
        next(pieces([tmp_path / "nowhere"]))


def test_a_file_that_was_cut_short_is_named(models):
    path = models[1] / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"model\.safetensors ends within model\.norm\.weight"):
        list(pieces(models))


def test_integers_are_not_merged(models):
    save_file({"steps": torch.ones(3, dtype=torch.int64)}, models[0] / "model.safetensors")
    with pytest.raises(ValueError, match="steps is not of a type that can be merged"):
        next(pieces(models))
