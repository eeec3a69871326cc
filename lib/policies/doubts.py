"""What a training of a policy says of itself where it has come to nothing."""

from collections.abc import Iterator, Mapping, Sequence

STILL = 1e-4  # nats per completion: a policy so near to θ_sft has not moved


def doubts(batches: Sequence[Mapping[str, float]], rewards: Mapping[str, float], kls: Sequence[float]) -> Iterator[str]:
    """Warnings, in words.

    batches: the trainer's log, a record per batch of completions. rewards: by name, with their weights; those of weight
    0 are recorded alone. kls: the recorded KL to θ_sft, the first before the first step, in nats per completion.
    """
    for name, weight in rewards.items():
        if weight and all(batch[f"rewards/{name}/std"] == 0 for batch in batches):
            yield (
                f"the reward {name} was {batches[-1][f'rewards/{name}/mean']:g} for all completions of each batch: "
                "there is nothing to learn from it"
            )
    if len(kls) > 1 and max(map(abs, kls)) < STILL:
        yield f"the policy has not moved: its KL to θ_sft is {kls[-1]:.1e} nats; is policy.learning_rate too small?"
