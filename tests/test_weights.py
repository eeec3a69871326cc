import pytest
import torch
from peft import LoraConfig, get_peft_model

from lib.models.weights import set_weights, weights_of


def test_weights_are_a_copy_and_can_be_set_again(llama, other_llama):
    ids = torch.tensor([[1, 5, 6]])
    expected = llama(ids).logits
    before = weights_of(llama)
    set_weights(llama, weights_of(other_llama))
    assert torch.equal(llama(ids).logits, other_llama(ids).logits)
    assert not torch.equal(llama(ids).logits, expected)
    set_weights(llama, before)
    assert torch.equal(llama(ids).logits, expected)


def test_tied_tensors_are_there_once_and_in_float32(llama):
    found = weights_of(llama.to(torch.bfloat16))
    assert sum(tensor.numel() for tensor in found.values()) == llama.num_parameters()
    assert {tensor.dtype for tensor in found.values()} == {torch.float32}


def test_adapters_that_are_more_than_two_factors_are_refused(llama):
    adapted = get_peft_model(llama, LoraConfig(r=2, target_modules=["q_proj"], use_dora=True))
    with pytest.raises(ValueError, match=r"lora_magnitude_vector.*: only LoRA without DoRA"):
        weights_of(adapted)


def test_the_weights_of_a_lora_model_are_those_of_the_merged_one(llama):
    plain = {name: tensor.clone() for name, tensor in weights_of(llama).items()}
    adapted = get_peft_model(llama, LoraConfig(r=2, lora_alpha=6, target_modules=["q_proj", "down_proj"]))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    found = weights_of(adapted)
    merged = weights_of(adapted.merge_and_unload())
    assert found.keys() == merged.keys() == plain.keys()
    changed = {name for name in plain if not torch.equal(found[name], plain[name])}
    assert len(changed) == 4  # two modules in each of two layers
    assert all(torch.allclose(found[name], merged[name], atol=1e-6) for name in merged)
