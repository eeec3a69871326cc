import torch

from lib.weights import set_weights, weights


def test_weights_are_a_copy_and_can_be_set_again(llama, other_llama):
    ids = torch.tensor([[1, 5, 6]])
    expected = llama(ids).logits
    before = weights(llama)
    set_weights(llama, weights(other_llama))
    assert torch.equal(llama(ids).logits, other_llama(ids).logits)
    assert not torch.equal(llama(ids).logits, expected)
    set_weights(llama, before)
    assert torch.equal(llama(ids).logits, expected)


def test_tied_tensors_are_there_once_and_in_float32(llama):
    found = weights(llama.to(torch.bfloat16))
    assert sum(tensor.numel() for tensor in found.values()) == llama.num_parameters()
    assert {tensor.dtype for tensor in found.values()} == {torch.float32}
