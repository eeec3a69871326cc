import pytest
import torch

from lib.machine.compute import Compute


def test_what_is_named_is_taken():
    assert Compute.of({"device": "cpu", "precision": "bfloat16"}) == (torch.device("cpu"), torch.bfloat16)


def test_auto_is_a_gpu_where_there_is_one_and_bfloat16_where_it_is_multiplied(monkeypatch):
    found = Compute.of({"device": "auto", "precision": "auto"})
    assert found.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    for has_units, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr("lib.machine.compute.multiplies_bfloat16", lambda device, has_units=has_units: has_units)
        assert Compute.of({"device": "cpu", "precision": "auto"}).dtype == dtype


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match=r"compute\.device: there is no GPU"):
        Compute.of({"device": "cuda", "precision": "auto"})
