import shutil

import pytest
import torch
from filelock import FileLock
from transformers import LlamaForCausalLM

from lib.language_models import new_llama, train_tokenizer
from tests.checkout import Checkout

TEXTS = ["the sea was calm", "the sea was wild and cold", "a calm day by the sea", "cold days and wild nights"]


@pytest.fixture(scope="session")
def tokenizer():
    return train_tokenizer(TEXTS, 280)


@pytest.fixture
def llama(tokenizer) -> LlamaForCausalLM:
    return new_llama(tokenizer, hidden_size=16, layers=2, heads=2, context=32, seed=0).eval()


@pytest.fixture
def other_llama(tokenizer) -> LlamaForCausalLM:
    return new_llama(tokenizer, hidden_size=16, layers=2, heads=2, context=32, seed=1).eval()


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, testrun_uid) -> Checkout:
    """A checkout in which the smoke experiment has run on two cores; not to be changed.

    The processes that the tests run in share it: one makes it while the others wait.
    """
    root = tmp_path_factory.getbasetemp().parent / f"finished-{testrun_uid}"
    with FileLock(f"{root}.lock"):
        if root.exists():
            return Checkout(root)
        checkout = Checkout.at(root)
        done = checkout.snakemake()
        assert done.returncode == 0, done.stdout + done.stderr
        return checkout


@pytest.fixture
def copy_of_finished(finished, tmp_path) -> Checkout:
    """A copy of the finished checkout, for edits."""
    shutil.copytree(finished.root, tmp_path / "copy", symlinks=True)
    return Checkout(tmp_path / "copy")
