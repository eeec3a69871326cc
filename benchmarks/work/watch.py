"""Watches work from outside: its steps, their seconds, floating-point operations, and where the time goes.

A training that a script starts is watched by a callback that all trainers get, so scripts run as they are.
"""

import contextlib
import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode
from transformers import TrainerCallback
from transformers.trainer import DEFAULT_CALLBACKS

MATRIX_PRODUCTS = {"aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm"}
LOGITS = (
    *("softmax", "logsumexp", "nll_loss", "cross_entropy", "cumsum", "searchsorted", "multinomial", "gather"),
    *("aten::exp", "aten::sort", "aten::topk"),
)
KINDS = ("matrix products", "attention", "softmax and logits", "optimiser", "other operations", "Python and the rest")


class Watch(TrainerCallback):
    """Watches a block, or the steps of a trainer. inside: is entered for as long."""

    def __init__(self, inside: AbstractContextManager | None = None) -> None:
        self.inside, self.steps = inside or nullcontext(), 0

    def __enter__(self) -> "Watch":
        self.inside.__enter__()
        self.began = time.perf_counter()
        return self

    def __exit__(self, *error) -> None:
        self.seconds = time.perf_counter() - self.began
        self.inside.__exit__(*error)

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        self.__enter__()

    def on_step_end(self, args, state, control, **kwargs) -> None:
        self.steps += 1

    def on_train_end(self, args, state, control, **kwargs) -> None:
        self.__exit__(None, None, None)

    @property
    def seconds_a_step(self) -> float:
        """Their mean: batches are of different lengths."""
        return self.seconds / self.steps


Work = Callable[[Watch], None]
"""Does some steps. Set-up is not watched: a trainer is a watch's by itself, anything else enters it."""


def watched(work: Work, inside: AbstractContextManager | None = None) -> Watch:
    """The watch of a work that was done, in silence."""
    watch = Watch(inside)
    with _callback_of_all_trainers(watch), contextlib.redirect_stdout(io.StringIO()):
        work(watch)
    return watch


@contextmanager
def _callback_of_all_trainers(watch: Watch) -> Iterator[None]:
    DEFAULT_CALLBACKS.append(watch)
    try:
        yield
    finally:
        DEFAULT_CALLBACKS.remove(watch)


def attention_flops(query, key, value, *_, **__) -> int:
    """Of Q Kᵀ and of its product with V, from shapes (batch, heads, length, size), masked or not."""
    batch, heads, length, size = query
    return 2 * batch * heads * length * key[2] * (size + value[3])


def attention_backward_flops(gradient, query, key, value, *_, **__) -> int:
    """Twice that of the forward pass, and Q Kᵀ again."""
    batch, heads, length, size = query
    return 2 * attention_flops(query, key, value) + 2 * batch * heads * length * key[2] * size


ON_CPU = {  # PyTorch's counter knows those of GPUs alone
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention_flops,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: attention_backward_flops,
}


def flops_a_step(work: Work) -> float:
    """Floating-point operations of matrix products and attention, two for each multiplication with its addition."""
    counter = FlopCounterMode(display=False, custom_mapping=ON_CPU)
    steps = watched(work, counter).steps
    return counter.get_total_flops() / steps


def profile_of(work: Work) -> dict[str, float]:
    """Seconds a step by kind, under PyTorch's profiler, which itself takes some time in Python."""
    profiler = profile(activities=[ProfilerActivity.CPU])
    watch = watched(work, profiler)
    seconds = Counter(dict.fromkeys(KINDS, 0.0))
    for event in profiler.events():
        if (kind := kind_of(event)) is not None:
            seconds[kind] += event.self_cpu_time_total / 1e6
    seconds["Python and the rest"] = watch.seconds - sum(seconds.values())
    return {kind: of_kind / watch.steps for kind, of_kind in seconds.items()}


def kind_of(event) -> str | None:
    """Of an event of the profiler; None for what is no operation on tensors, nor of the optimiser."""
    ancestor = event
    while ancestor is not None:
        if ancestor.name.startswith("Optimizer.step") or ancestor.name == "aten::_foreach_norm":
            return "optimiser"
        ancestor = ancestor.cpu_parent
    if not event.name.startswith("aten::"):
        return None
    if event.name in MATRIX_PRODUCTS:
        return "matrix products"
    if "scaled_dot_product" in event.name:
        return "attention"
    return "softmax and logits" if any(part in event.name for part in LOGITS) else "other operations"
