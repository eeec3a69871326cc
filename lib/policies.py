"""The policy: max over π of E[R(x, y)] − β KL(π ‖ anchor), on top of TRL's RLOO trainer."""

from collections.abc import Mapping, Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerFast
from trl import RLOOConfig, RLOOTrainer
from trl.trainer.utils import add_fused_lm_head

from lib.anchors import MovingAnchor
from lib.kl import ESTIMATORS
from lib.rewards import Reward
from lib.sampling import next_token_log_probabilities, sample


class PolicyTrainer(RLOOTrainer):
    """REINFORCE with a leave-one-out baseline; the KL to the anchor is one log ratio per completion,
    taken off the reward (WARP, algorithm 1; RLOO, arXiv 2402.14740).

    What it changes in TRL's trainer:
    1. The anchor is the model that it is given, for full weights and for LoRA, in float32. TRL
       reloads a reference from the directory that the policy was read from, whatever has
       happened to the policy in memory since.
    2. With a rate μ > 0 the anchor follows the policy (`lib.anchors.MovingAnchor`).
    3. Completions come from `lib.sampling`, as in evaluation.
    4. KL to a fixed reference, θ_sft, is recorded every `kl_every` steps, whatever the anchor is.
    5. A reward that is not a finite number is an error; TRL takes NaN for "no opinion".

    policy: the start, trained in place. anchor: a plain model of the same architecture, which the
    trainer takes over. reference: one that is never changed. rewards: rewards with their weights;
    the sum Σᵢ wᵢ Rᵢ is what is maximised.
    """

    def __init__(
        self,
        policy: PreTrainedModel,
        anchor: PreTrainedModel,
        rewards: Mapping[Reward, float],
        tokenizer: PreTrainedTokenizerFast,
        args: RLOOConfig,
        *,
        mu: float = 0.0,
        reference: PreTrainedModel | None = None,
        kl_every: int = 1,
        kl_estimator: str = "exact_per_token",
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
        self.reference, self.kl_every, self.kl_estimator = reference, kl_every, kl_estimator
        self.moving_anchor = None
        if self.beta:
            self.ref_model = anchor.float().eval().requires_grad_(False)
            add_fused_lm_head(self.ref_model, temperature=self.temperature)
            if mu:
                self.moving_anchor = MovingAnchor(self.ref_model, self.accelerator.unwrap_model(self.model), mu)
                self.add_callback(self.moving_anchor)

    def _generate_single_turn(self, prompt_ids, images, multimodal_fields) -> list[list[int]]:
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        completions = sample(
            [model], [1.0], prompt_ids, max_new_tokens=self.max_completion_length, temperature=self.temperature
        )
        if self.reference is not None and self.state.global_step % self.kl_every == 0:
            self._metrics["train"]["kl_to_reference"].append(self._kl_to_reference(model, prompt_ids, completions))
        model.train()
        return completions

    def _kl_to_reference(self, policy, prompt_ids, completions) -> float:
        both = [
            next_token_log_probabilities([model], [1.0], prompt_ids, completions, self.temperature)
            for model in (policy, self.reference)
        ]
        (ours, tokens, mask), (theirs, _, _) = both
        return ESTIMATORS[self.kl_estimator](ours, theirs, tokens, mask).mean().item()

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self.moving_anchor is not None:
            self.moving_anchor.read(resume_from_checkpoint)


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
