from lib.graph.sizes import KEPT_FOR_GRADIENT, LIBRARIES, START, megabytes, minutes, parameters_of_llama
from lib.models.language_models import new_llama


def test_parameters_of_a_llama_before_it_is_there(tokenizer):
    model = new_llama(tokenizer, hidden_size=64, layers=3, heads=4, context=32, seed=0)
    norms = 64 * (2 * 3 + 1)
    assert parameters_of_llama(len(tokenizer), 64, 3) == model.num_parameters() - norms


def test_memory_by_hand():
    assert megabytes(1e9) == LIBRARIES
    assert megabytes(1e9, trained=1, frozen=2) == LIBRARIES + 16_000 + 8_000
    of_tokens = 100 * KEPT_FOR_GRADIENT  # MB: 100 tokens of a model with (1e9)^(2/3) = 1e6
    assert megabytes(1e9, frozen=1, tokens=100) == LIBRARIES + 4_000 + of_tokens
    assert megabytes(1e9, frozen=1, tokens=100, gpu=True) == LIBRARIES + 4_000


def test_time_by_hand():
    assert minutes(1e9) == START
    assert minutes(1e9, tokens=60, passes=20) == START + 1  # 2.4e12 operations, a minute of a core
    assert minutes(1e9, tokens=30_000, passes=20, gpu=True) == START + 1
    assert minutes(1e9, tokens=61, passes=20) == START + 2
    assert minutes(2e9, tokens=60, passes=20) == START + 2


def test_more_memory_is_asked_for_than_rl_took():
    """Measured: a policy, an anchor, a reference and a reward of 135 million parameters with LoRA on a CPU in float32,
    32 texts of 50 tokens with a gradient.
    """
    measured = 5651
    assert measured < megabytes(1.35e8, frozen=4, tokens=32 * 50) < 2 * measured
