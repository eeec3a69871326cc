import torch

from lib.policies.log_probabilities import next_token_log_probabilities
from lib.policies.sampling import draw, sample


def test_draw_has_the_given_distribution():
    probabilities = torch.tensor([0.1, 0.0, 0.6, 0.3])
    drawn = draw(probabilities.expand(20000, 4), torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=4) / 20000
    assert shares[1] == 0
    torch.testing.assert_close(shares, probabilities, atol=0.015, rtol=0)


def test_draw_never_takes_what_has_no_probability_at_the_ends():
    probabilities = torch.tensor([0.0, 1.0, 0.0]).expand(1000, 3)
    assert draw(probabilities, torch.Generator().manual_seed(0)).tolist() == [1] * 1000


def near_greedy(policies, weights, prompts, length=6):
    generator = torch.Generator().manual_seed(0)
    return sample(policies, weights, prompts, max_new_tokens=length, temperature=1e-6, generator=generator)


def test_at_low_temperature_it_is_transformers_greedy_search(llama):
    prompts = [[1, 5, 6, 7], [1, 9]]  # one of them padded
    for prompt, completion in zip(prompts, near_greedy([llama], [1.0], prompts)):
        expected = llama.generate(torch.tensor([prompt]), max_new_tokens=6, do_sample=False)[0, len(prompt) :]
        assert completion == expected.tolist()


def test_a_completion_ends_with_the_end_of_text(llama, tokenizer):
    drawn = sample([llama], [1.0], [[1, 5]] * 300, max_new_tokens=20, temperature=1.0)
    ended = [row for row in drawn if tokenizer.eos_token_id in row]
    assert ended
    assert all(row.index(tokenizer.eos_token_id) == len(row) - 1 for row in ended)
    assert all(len(row) == 20 for row in drawn if tokenizer.eos_token_id not in row)


def test_log_probabilities_are_those_of_each_text_alone(llama):
    prompts, completions = [[1, 5, 6, 7], [1, 9]], [[8, 2], [10, 11, 12]]
    together, tokens, mask = next_token_log_probabilities([llama], [1.0], prompts, completions, 0.7)
    assert tokens.tolist() == [[8, 2, 0], [10, 11, 12]]
    assert mask.tolist() == [[1, 1, 0], [1, 1, 1]]
    for row, (prompt, completion) in enumerate(zip(prompts, completions)):
        logits = llama(torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
        alone = torch.log_softmax(logits / 0.7, -1)
        torch.testing.assert_close(together[row, : len(completion)], alone, atol=1e-4, rtol=1e-4)


def test_an_ensemble_mixes_logits(llama, other_llama):
    prompts, completions = [[1, 5]], [[8, 9]]
    mixed, _, _ = next_token_log_probabilities([llama, other_llama], [0.25, 0.75], prompts, completions, 1.0)
    ids = torch.tensor([[1, 5, 8]])
    logits = 0.25 * llama(ids).logits + 0.75 * other_llama(ids).logits
    torch.testing.assert_close(mixed[0], torch.log_softmax(logits[0, 1:], -1), atol=1e-4, rtol=1e-4)


def test_sampling_from_an_ensemble_follows_the_mixed_distribution(llama, other_llama):
    both, weights, prompt = [llama, other_llama], [0.5, 0.5], [1, 5]
    expected = next_token_log_probabilities(both, weights, [prompt], [[3]], 1.0)[0][0, 0].exp()
    generator = torch.Generator().manual_seed(0)
    drawn = sample(both, weights, [prompt] * 20000, max_new_tokens=1, temperature=1.0, generator=generator)
    shares = torch.bincount(torch.tensor([row[0] for row in drawn]), minlength=len(expected)) / len(drawn)
    torch.testing.assert_close(shares, expected, atol=0.005, rtol=0)


def test_padding_does_not_change_an_ensembles_text(llama, other_llama):
    both, weights, prompts = [llama, other_llama], [0.4, 0.6], [[1, 5, 6, 7, 9, 9], [1, 9], [1, 7, 8]]
    together = near_greedy(both, weights, prompts)
    assert together == [near_greedy(both, weights, [prompt])[0] for prompt in prompts]
    assert together != near_greedy([llama], [1.0], prompts)


def test_a_prompt_that_comes_again_is_read_once_and_has_the_text_that_it_would_have(llama):
    prompts = [[1, 5, 6, 7], [1, 9], [1, 5, 6, 7], [1, 9]]
    rows = []
    hook = llama.register_forward_pre_hook(
        lambda _, args, kwargs: rows.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    together = near_greedy([llama], [1.0], prompts)
    hook.remove()
    assert rows[:2] == [2, 4]
    assert together == [near_greedy([llama], [1.0], [prompt])[0] for prompt in prompts]


def test_one_seed_gives_one_text(llama):
    texts = [
        sample([llama], [1.0], [[1, 5]], max_new_tokens=8, temperature=1.0, generator=torch.Generator().manual_seed(s))
        for s in (3, 3, 4)
    ]
    assert texts[0] == texts[1] != texts[2]
