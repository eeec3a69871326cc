"""The kinds of work of an experiment by the functions that its jobs run."""

import numpy as np

from benchmarks.work.experiment import Experiment
from benchmarks.work.watch import Watch
from lib.reward_models.pair_training import tokens_of_pairs, trained_heads
from scripts.evaluate import evaluate
from scripts.policy import train_policy
from scripts.reward import train_reward
from scripts.sft import fine_tune

BATCHES = ("batch_size", "parts", "learning_rate", "warmup_steps", "clip_norm")
STEPS = ("prompts_per_step", "completions_per_prompt", *BATCHES[1:], "beta", "kl_every")


def sft(experiment: Experiment, _: Watch) -> None:
    """`scripts.sft`."""
    own = {key: experiment.params["sft"][key] for key in BATCHES}
    files = experiment.base, experiment.snippets, experiment.made("sft"), experiment.made("sft.json")
    texts = experiment.steps * own["batch_size"]
    own |= {"texts": texts, "epochs": 1, "half": None}
    fine_tune(*files, experiment.checkpoints, **own, **experiment.cut, **experiment.shared)


def labels(experiment: Experiment, _: Watch) -> None:
    """`scripts.reward`, on the texts' ratings."""
    own = {key: experiment.params["reward_model"][key] for key in BATCHES}
    files = experiment.base, experiment.snippets, experiment.made("reward"), experiment.made("reward.json")
    epochs = experiment.steps * own["batch_size"] / len(experiment.texts)
    train_reward(*files, experiment.checkpoints, label="rating", epochs=epochs, **own, **experiment.shared)


def pairs(experiment: Experiment, _: Watch) -> None:
    """What `scripts.proxy` and `scripts.preference_model` train by, with one head."""
    dataset = tokens_of_pairs(*experiment.pairs(), experiment.tokens)
    dataset = dataset.add_column("weights", [[1]] * len(dataset))
    own = {key: experiment.params["reward_ensembles"][key] for key in BATCHES}
    names = {"clip_norm": "max_grad_norm"}
    trained_heads(
        *(experiment.base, dataset, experiment.tokens, experiment.checkpoints, experiment.machine),
        **{names.get(key, key): value for key, value in own.items()},
        **{"heads": 1, "frozen": False, "num_train_epochs": 1, "lora": experiment.params["lora"], "seed": 0},
    )


def rl(experiment: Experiment, _: Watch) -> None:
    """`scripts.policy`, of RLOO with a trained model as the reward."""
    own = {key: experiment.params["policy"][key] for key in STEPS}
    start = experiment.policies[0]
    train_policy(
        *(start, start, start, experiment.snippets, experiment.made("policy"), experiment.made("policy.json")),
        *(None, None, experiment.checkpoints),
        **{"reward": {"reward": experiment.source | {"weight": 1.0}}, "algorithm": "rloo", "ppo": {}, "mu": 0.0},
        **{"split": "train", "steps": experiment.steps_of_rl},
        **own,
        **experiment.cut,
        **experiment.sampled,
        **experiment.shared,
    )


def sweep(experiment: Experiment, watch: Watch) -> None:
    """`scripts.evaluate` of five soups, from loading to the table of scores. It is one step."""
    weights = np.linspace(0, 1, 5).tolist()
    points = [{"method": "soup", "mixture": str(w), "merge": "linear", "weights": [1 - w, w]} for w in weights]
    source = {"reward": experiment.source}
    first, *others = experiment.policies
    evaluation = {"split": "test", "within": True, "at_once": experiment.params["evaluation"]["at_once"], "seed": 0}
    with watch:
        evaluate(
            *(others, first, experiment.snippets, experiment.made("scores.csv")),
            **{"points": points, "reward": source, "prompts_held_out": experiment.held_out, **evaluation},
            **experiment.cut,
            **experiment.sampled,
            compute=experiment.params["compute"],
        )
    watch.steps = 1
