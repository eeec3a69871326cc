import pandas as pd
import pytest

from lib.evaluation.scores import score
from lib.policies.combinations import One
from lib.reward_models.loading import Reward
from scripts.evaluate import write_scores


def scored(policies, weights, reference, tokenizer, seed=0, estimator="exact_per_token"):
    length = Reward("length", lambda prompts, completions: [len(p + c) for p, c in zip(prompts, completions)])
    [table] = score(
        One(policies, weights),
        references={"kl": One([reference])},
        tokenizer=tokenizer,
        prompts=["the sea", "a calm day", "cold"],
        rewards=[length],
        max_new_tokens=5,
        temperature=1.0,
        kl_estimator=estimator,
        seed=seed,
        at_once=2,
        batch=2,
    )
    return table


def test_a_policy_has_no_kl_to_itself(llama, tokenizer):
    table = scored([llama], [1.0], llama, tokenizer)
    assert list(table["prompt"]) == [0, 1, 2]
    assert table["kl"].abs().max() < 1e-5


def test_rewards_are_of_prompt_and_completion(llama, other_llama, tokenizer):
    table = scored([llama], [1.0], other_llama, tokenizer)
    prompts = ["the sea", "a calm day", "cold"]
    assert list(table["length"]) == [len(p + c) for p, c in zip(prompts, table["completion"])]
    assert (table["kl"] > 0).all()


def test_an_ensemble_of_one_policy_with_itself_is_that_policy(llama, other_llama, tokenizer):
    alone = scored([llama], [1.0], other_llama, tokenizer)
    ensemble = scored([llama, llama], [0.5, 0.5], other_llama, tokenizer)
    assert list(alone["completion"]) == list(ensemble["completion"])
    assert list(alone["kl"]) == pytest.approx(list(ensemble["kl"]), rel=1e-4)


def test_kl_to_each_reference_is_of_the_same_completions(llama, other_llama, tokenizer):
    def of(references):
        [table] = score(
            One([llama]),
            references={name: One([model]) for name, model in references.items()},
            tokenizer=tokenizer,
            prompts=["the sea"],
            rewards=[],
            max_new_tokens=5,
            temperature=1.0,
            kl_estimator="exact_per_token",
            seed=0,
            at_once=1,
        )
        return table

    both = of({"kl": llama, "kl_to_anchor": other_llama})
    assert list(both.columns) == ["prompt", "completion", "kl", "kl_to_anchor"]
    assert both["kl"].item() == pytest.approx(0, abs=1e-5)
    assert both["kl_to_anchor"].item() == of({"kl": other_llama})["kl"].item() > 0


def test_estimators_differ_and_seeds_count(llama, other_llama, tokenizer):
    exact = scored([llama], [1.0], other_llama, tokenizer)
    ratio = scored([llama], [1.0], other_llama, tokenizer, estimator="log_ratio")
    assert list(exact["completion"]) == list(ratio["completion"])
    assert list(exact["kl"]) != list(ratio["kl"])
    assert list(exact["completion"]) != list(scored([llama], [1.0], other_llama, tokenizer, seed=1)["completion"])


def test_whatever_a_policy_writes_can_be_read_again(tmp_path):
    table = pd.DataFrame({"prompt": [0, 1, 2], "completion": [' a\rb\r\n"c', ",\n", " 3"], "kl": [0.5, 1.0, 2.0]})
    write_scores(table, tmp_path / "scores.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "scores.csv", dtype={"completion": str}), table)
