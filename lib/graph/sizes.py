"""What a job needs of a machine, from the size of its models: memory and time.

Estimates, made to be asked for before anything has run, and generous: a scheduler ends what needs more. Measured on
models of 1 and 135 million parameters on a CPU; larger ones follow by proportion.
"""

from math import ceil

LIBRARIES = 1500  # MB of a process that has loaded torch, transformers and trl
LEARNS = 4  # a weight that learns, its gradient and Adam's two moments
KEPT_FOR_GRADIENT = 10.0  # bytes of a token, times parameters^(2/3)
KEPT_FOR_SAMPLING = 0.5
START = 10  # minutes, which most jobs do not need
SPEED = {"cpu": 4e10, "gpu": 2e13}  # operations a second, of a core and of a GPU


def parameters_of_llama(vocabulary: int, hidden_size: int, layers: int) -> int:
    """Of one that `lib.models.language_models.new_llama` makes, but for the norms' few."""
    inner = hidden_size * 8 // 3 // 32 * 32
    return vocabulary * hidden_size + layers * (4 * hidden_size**2 + 3 * hidden_size * inner)


def megabytes(
    parameters: float, *, trained: int = 0, frozen: int = 0, tokens: int = 0, sampled: int = 0, gpu: bool = False
) -> int:
    """Memory of a job in MB, beside that of a GPU.

    trained: models that learn with all their weights; frozen: others that it holds, those under adapters among them,
    in float32. tokens, sampled: that go through a model together, with a gradient and without. What is kept of a
    token is as wide and as deep as the model, so it grows as parameters^(2/3); on a GPU it is the GPU's.
    """
    weights = 4 * parameters * (LEARNS * trained + frozen)
    kept = 0 if gpu else parameters ** (2 / 3) * (KEPT_FOR_GRADIENT * tokens + KEPT_FOR_SAMPLING * sampled)
    return LIBRARIES + ceil((weights + kept) / 1e6)


def minutes(parameters: float, *, tokens: float = 0, passes: int = 1, gpu: bool = False) -> int:
    """Time of a job. tokens: that it handles in all; passes: how often each goes through a model, where a step back
    counts as two.
    """
    return START + ceil(2 * parameters * tokens * passes / SPEED["gpu" if gpu else "cpu"] / 60)
