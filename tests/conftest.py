import pytest
import torch
from filelock import FileLock
from transformers import LlamaForCausalLM

from lib.models.language_models import new_llama, train_tokenizer
from tests.checkout import Checkout
from tests.single_node_slurm import forget_what_was_killed

torch.set_num_threads(1)  # the processes that the tests run in have a core each

TEXTS = ["the sea was calm", "the sea was wild and cold", "a calm day by the sea", "cold days and wild nights"]


def pytest_sessionstart() -> None:
    forget_what_was_killed()


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
        checkout.snakemake(cores=3)  # of which two compute while one reads modules
        return checkout


@pytest.fixture
def copy_of_finished(finished, tmp_path) -> Checkout:
    """A copy of the finished checkout, for edits."""
    return finished.copy(tmp_path / "copy")


@pytest.fixture(scope="session")
def sealed(finished, testrun_uid) -> Checkout:
    """The finished checkout as a git repository with its results in dvc.lock; not to be changed."""
    root = finished.root.with_name(f"sealed-{testrun_uid}")
    with FileLock(f"{root}.lock"):
        if root.exists():
            return Checkout(root)
        checkout = finished.copy(root)
        (root / "dvc.lock").unlink(missing_ok=True)
        checkout.run("git", "init", "--quiet")
        checkout.dvc_graph("seal")
        checkout.commit()
        return checkout


@pytest.fixture
def copy_of_sealed(sealed, tmp_path) -> Checkout:
    """A copy of the sealed checkout, for edits."""
    return sealed.copy(tmp_path / "copy")
