import pandas as pd
import pytest
import torch

from lib.evaluation.points import write_scores
from lib.evaluation.scores import different_words, score
from lib.policies.combinations import One
from lib.reward_models.loading import Reward

PROMPTS = ["the sea", "a calm day", "cold"]


def scored(policies, weights, reference, tokenizer, seed=0, estimator="exact_per_token"):
    length = Reward("length", lambda prompts, completions: [len(p + c) for p, c in zip(prompts, completions)])
    [table] = score(
        One(policies, weights),
        references={"kl": One([reference])},
        tokenizer=tokenizer,
        prompts=PROMPTS,
        rests=[" was calm", " by the sea", " days and wild nights"],
        rewards=[length],
        max_new_tokens=5,
        temperature=1.0,
        kl_estimator=estimator,
        seed=seed,
        at_once=2,
    )
    return table


def test_a_policy_has_no_kl_to_itself(llama, tokenizer):
    table = scored([llama], [1.0], llama, tokenizer)
    assert list(table["prompt"]) == [0, 1, 2]
    assert table["kl"].abs().max() < 1e-5


def test_rewards_are_of_prompt_and_completion(llama, other_llama, tokenizer):
    table = scored([llama], [1.0], other_llama, tokenizer)
    assert list(table["length"]) == [len(p + c) for p, c in zip(PROMPTS, table["completion"])]
    assert (table["kl"] > 0).all()


def test_an_ensemble_of_one_policy_with_itself_is_that_policy(llama, other_llama, tokenizer):
    alone = scored([llama], [1.0], other_llama, tokenizer)
    ensemble = scored([llama, llama], [0.5, 0.5], other_llama, tokenizer)
    assert list(alone["completion"]) == list(ensemble["completion"])
    for column in ("kl", "bits_per_byte"):
        assert list(alone[column]) == pytest.approx(list(ensemble[column]), rel=1e-4)


def test_kl_to_each_reference_is_of_the_same_completions(llama, other_llama, tokenizer):
    def of(references):
        [table] = score(
            One([llama]),
            references={name: One([model]) for name, model in references.items()},
            tokenizer=tokenizer,
            prompts=["the sea"],
            rests=None,
            rewards=[],
            max_new_tokens=5,
            temperature=1.0,
            kl_estimator="exact_per_token",
            seed=0,
            at_once=1,
        )
        return table

    both = of({"kl": llama, "kl_to_anchor": other_llama})
    assert list(both.columns) == ["prompt", "completion", "tokens", "kl", "kl_to_anchor", "words"]
    assert both["kl"].item() == pytest.approx(0, abs=1e-5)
    assert both["kl_to_anchor"].item() == of({"kl": other_llama})["kl"].item() > 0


def test_estimators_differ_and_seeds_count(llama, other_llama, tokenizer):
    exact = scored([llama], [1.0], other_llama, tokenizer)
    ratio = scored([llama], [1.0], other_llama, tokenizer, estimator="log_ratio")
    assert list(exact["completion"]) == list(ratio["completion"])
    assert list(exact["kl"]) != list(ratio["kl"])
    assert list(exact["completion"]) != list(scored([llama], [1.0], other_llama, tokenizer, seed=1)["completion"])


def test_a_policy_that_repeats_one_word_has_one_word(llama, tokenizer):
    """All weights are 0 but for the norm's and those of the one word's embedding, which is tied to the output."""
    [sea] = tokenizer(" sea", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        for parameter in llama.parameters():
            parameter.zero_()
        llama.model.norm.weight.fill_(1000)
        embeddings = llama.get_input_embeddings().weight
        embeddings.fill_(0.01)
        embeddings[sea] = 1
    table = scored([llama], [1.0], llama, tokenizer)
    assert list(table["completion"]) == [" sea" * 5] * 3
    assert list(table["tokens"]) == [5] * 3
    assert list(table["words"]) == [1] * 3


def test_the_end_of_a_completion_is_counted(llama, tokenizer):
    with torch.no_grad():
        for parameter in llama.parameters():
            parameter.zero_()
        llama.model.norm.weight.fill_(1000)
        embeddings = llama.get_input_embeddings().weight
        embeddings.fill_(0.01)
        embeddings[tokenizer.eos_token_id] = 1
    table = scored([llama], [1.0], llama, tokenizer)
    assert list(table["completion"]) == [""] * 3
    assert list(table["tokens"]) == [1] * 3
    assert list(table["words"]) == [0] * 3


def test_different_words():
    assert different_words(" The sea and\nthe  SEA, ") == 4


def test_whatever_a_policy_writes_can_be_read_again(tmp_path):
    table = pd.DataFrame({"prompt": [0, 1, 2], "completion": [' a\rb\r\n"c', ",\n", " 3"], "kl": [0.5, 1.0, 2.0]})
    write_scores(table, tmp_path / "scores.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "scores.csv", dtype={"completion": str}), table)
