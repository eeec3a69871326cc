"""The policy: max over π of E[R(x, y)] − β KL(π ‖ anchor), on top of TRL's RLOO trainer."""

from collections.abc import Mapping, Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerFast
from trl import RLOOConfig, RLOOTrainer

from lib.rewards import Reward
from lib.sampling import sample
from lib.weights import set_weights, weights


class PolicyTrainer(RLOOTrainer):
    """REINFORCE with a leave-one-out baseline; the KL to the anchor is one log ratio per completion,
    taken off the reward (WARP, algorithm 1; RLOO, arXiv 2402.14740).

    What it changes in TRL's trainer:
    1. The anchor is the model that it is given. TRL reloads a reference from the directory that
       the policy was read from, whatever has happened to the policy in memory since.
    2. Completions come from `lib.sampling`, as in evaluation.
    3. A reward that is not a finite number is an error; TRL takes NaN for "no opinion".

    policy: the start, trained in place. anchor: of the same architecture, never changed here.
    rewards: rewards with their weights; the sum Σᵢ wᵢ Rᵢ is what is maximised.
    """

    def __init__(
        self,
        policy: PreTrainedModel,
        anchor: PreTrainedModel,
        rewards: Mapping[Reward, float],
        tokenizer: PreTrainedTokenizerFast,
        args: RLOOConfig,
        **kwargs,
    ) -> None:
        args.reward_weights = list(rewards.values())
        super().__init__(
            model=policy,
            reward_funcs=[_as_trl_function(reward) for reward in rewards],
            args=args,
            processing_class=tokenizer,
            **kwargs,
        )
        if self.ref_model is not None:
            set_weights(self.accelerator.unwrap_model(self.ref_model), weights(anchor))

    def _generate_single_turn(self, prompt_ids, images, multimodal_fields) -> list[list[int]]:
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        completions = sample(
            [model], [1.0], prompt_ids, max_new_tokens=self.max_completion_length, temperature=self.temperature
        )
        model.train()
        return completions


def _as_trl_function(reward: Reward):
    def function(prompts: Sequence[str], completions: Sequence[str], **_) -> list[float]:
        return reward(prompts, completions)

    function.__name__ = reward.name
    return function


def kl_per_completion(log: Mapping[str, float]) -> float | None:
    """KL to the anchor per completion, in nats, from the log of one step, where TRL tells it per token.

    None with β = 0, where there is no anchor.
    """
    return log["kl"] * log["completions/mean_length"] if "kl" in log else None
