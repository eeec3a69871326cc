"""End one iteration of WARP: SLERP of its policies' task vectors, and the step back towards its start (LITI)."""

from pathlib import Path

from lib.merging import liti, slerp_all
from lib.warp import geometry
from lib.weights import set_weights, weights
from scripts.command_line import Output, run
from scripts.reading import language_model, tokenizer


def merge(start: Path, policies: list[Path], model: Output, end: Output, angles: Output, *, eta: float) -> None:
    """model: θ_slerp. end: (1 − η) θ_init + η θ_slerp. angles: a row per layer and pair of policies."""
    beginning = language_model(start)
    origin, trained = weights(beginning), [weights(language_model(path)) for path in policies]
    geometry(origin, trained).to_csv(angles, index=False)
    merged = slerp_all(origin, trained)
    for path, result in ((model, merged), (end, liti(origin, merged, eta))):
        set_weights(beginning, result)
        beginning.save_pretrained(path)
        tokenizer(start).save_pretrained(path)


if __name__ == "__main__":
    run(merge)
