"""Memory and time that a job needs, estimated from the size of its models before anything has run.

The estimates are generous, because a scheduler kills a job that exceeds them. They are measured on models of 1 and 135
million parameters on a CPU, and extrapolated in proportion to larger ones.
"""

from math import ceil

LIBRARIES = 1500  # MB of a process that has loaded torch, transformers and trl
TRAINED = 4  # numbers per trained weight: itself, its gradient and Adam's two moments
KEPT_FOR_GRADIENT = 10.0  # activations: bytes per token, divided by parameters^(2/3)
KEPT_FOR_SAMPLING = 0.5
START = 10  # minutes, more than most jobs need in all
SPEED = {"cpu": 4e10, "gpu": 2e13}  # operations per second, of one core and of a GPU


def parameters_of_llama(vocabulary: int, hidden_size: int, layers: int) -> int:
    """Parameters of a model by `lib.models.language_models.new_llama`, without the few of the norms."""
    inner = hidden_size * 8 // 3 // 32 * 32
    return vocabulary * hidden_size + layers * (4 * hidden_size**2 + 3 * hidden_size * inner)


def megabytes(
    parameters: float, *, trained: int = 0, frozen: int = 0, tokens: int = 0, sampled: int = 0, gpu: bool = False
) -> int:
    """Memory of a job in MB, without that of a GPU.

    trained: models whose weights are all trained. frozen: other models, those under adapters included. All are in
    float32. tokens, sampled: in one forward pass, with a gradient and without. The activations of a token are as wide
    and as deep as the model, so they grow as parameters^(2/3); on a GPU they take the GPU's memory.
    """
    weights = 4 * parameters * (TRAINED * trained + frozen)
    activations = 0 if gpu else parameters ** (2 / 3) * (KEPT_FOR_GRADIENT * tokens + KEPT_FOR_SAMPLING * sampled)
    return LIBRARIES + ceil((weights + activations) / 1e6)


def minutes(parameters: float, *, tokens: float = 0, passes: int = 1, gpu: bool = False) -> int:
    """Time of a job. tokens: in all; passes: forward passes per token, a backward pass counted as two."""
    return START + ceil(2 * parameters * tokens * passes / SPEED["gpu" if gpu else "cpu"] / 60)
