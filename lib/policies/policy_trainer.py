"""What the trainers of policies share, laid over TRL's: max over π of E[R(x, y)] − β KL(π ‖ anchor).

Longer than others: all that is changed in TRL's trainers stands in one place.
"""

from collections.abc import Mapping, Sequence

import torch
from accelerate.utils import synchronize_rng_states
from peft import PeftModel, load_peft_weights, set_peft_model_state_dict
from torch import nn
from torch.utils.data import Sampler
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from trl import GRPOConfig, RLOOConfig
from trl.trainer.utils import add_fused_lm_head

from lib.machine.on_cpu import token_log_probabilities
from lib.machine.processes import ALONE, share
from lib.models.lora_in_memory import TRAINED
from lib.policies.anchors import MovingAnchor
from lib.policies.combinations import One
from lib.policies.kl import kl_of_completions
from lib.policies.sampling import sample
from lib.reward_models.loading import Reward
from lib.training.beside_checkpoints import OrderedByEpoch, SavedBeside


class PolicyTrainer:
    """What the three algorithms share, laid over one of TRL's trainers.

    What it changes there:
    1. The anchor is the model that it is given, for full weights and for LoRA. TRL reloads a reference from the
       directory that the policy was read from, whatever has happened to the policy in memory since.
    2. With a rate μ > 0 the anchor follows the policy (`lib.policies.anchors.MovingAnchor`).
    3. Completions come from `lib.policies.sampling`, as in evaluation.
    4. KL to θ_sft is recorded every `kl_every` batches, whatever the anchor is.
    5. A reward that is not a finite number is an error; TRL takes NaN for "no opinion".
    6. Log-probabilities of a LoRA policy on a CPU are computed as it is fast there, in one process
       (`lib.machine.on_cpu`).
    7. Several processes (`lib.machine.processes`) sample together what one would sample.

    policy: the start, trained in place. anchor: a model of the same architecture, which the trainer takes over; frozen
    but for μ; a plain one in float32, or adapters on the policy's base model. sft: θ_sft, which is never changed.
    rewards: rewards with their weights; the sum Σᵢ wᵢ Rᵢ is what is maximised.
    """

    def __init__(
        self,
        policy: PreTrainedModel | PeftModel,
        anchor: PreTrainedModel | PeftModel,
        rewards: Mapping[Reward, float],
        tokenizer: PreTrainedTokenizerFast,
        args: RLOOConfig | GRPOConfig,
        *,
        mu: float = 0.0,
        sft: PreTrainedModel | PeftModel | None = None,
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
        self.sft, self.kl_every, self.kl_estimator = sft, kl_every, kl_estimator
        self.beside: list[SavedBeside] = []
        self.share, self.next_random = share(), None
        if self.share.count > 1:  # TRL gives each another seed
            synchronize_rng_states(["torch"])
        self.mended = isinstance(policy, PeftModel) and policy.device.type == "cpu" and self.share == ALONE
        if self.beta:
            self._take_anchor(anchor, mu)

    def _take_anchor(self, anchor: PreTrainedModel | PeftModel, mu: float) -> None:
        if not isinstance(anchor, PeftModel):
            anchor = anchor.float()
        if mu:
            moving = MovingAnchor(anchor, self.policy, mu)
            self.save_beside(moving)
            anchor = moving.model
        self.ref_model = anchor.eval().requires_grad_(False)
        add_fused_lm_head(plain_model(anchor), temperature=self.temperature)

    @property
    def policy(self) -> nn.Module:
        """The model that is trained, as it was given."""
        return self.accelerator.unwrap_model(self.model)

    def save_beside(self, what: SavedBeside) -> None:
        """Has the checkpoints carry something besides the policy."""
        self.beside.append(what)
        self.add_callback(what)

    def _get_train_sampler(self, *args, **kwargs) -> Sampler:
        return OrderedByEpoch(super()._get_train_sampler(*args, **kwargs), self)

    def _generate_single_turn(self, prompt_ids, *_, **__) -> list[list[int]]:
        self.policy.eval()
        completions = sample(
            [self.policy],
            [1.0],
            prompt_ids,
            max_new_tokens=self.max_completion_length,
            temperature=self.temperature,
            share=self.share,
        )
        batch = self.state.global_step // self.num_iterations
        if self.sft is not None and batch % self.kl_every == 0:
            self._metrics["train"]["kl_to_sft"].append(self._kl_to_sft(prompt_ids, completions))
        self.policy.train()
        if self.share != ALONE:
            with torch.random.fork_rng(devices=[]):
                torch.randperm(len(prompt_ids) * self.share.count)
                self.next_random = torch.get_rng_state()
        return completions

    def _prepare_inputs(self, generation_batch):
        inputs = super()._prepare_inputs(generation_batch)
        if self.next_random is not None:  # TRL shuffled this process's completions, one process would shuffle all
            torch.set_rng_state(self.next_random)
            self.next_random = None
        return inputs

    def _kl_to_sft(self, prompt_ids, completions) -> float:
        found = kl_of_completions(
            One([self.policy]),
            {"kl": One([self.sft])},
            0,
            prompt_ids,
            completions,
            temperature=self.temperature,
            estimator=self.kl_estimator,
            longest=self.max_completion_length,
        )
        mean = torch.tensor(found["kl"], device=self.accelerator.device).mean()
        return self.accelerator.reduce(mean, "mean").item()

    def _get_per_token_logps_and_entropies(self, model, input_ids, attention_mask, logits_to_keep, *args, **kwargs):
        if not self.mended:
            return super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, *args, **kwargs
            )
        entropy = kwargs.get("compute_entropy", False)
        found = token_log_probabilities(model, input_ids, attention_mask, logits_to_keep, self.temperature, entropy)
        return *found, None

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None) -> None:
        if isinstance(self.policy, PeftModel):  # whose other adapters the trainer would leave inactive
            set_peft_model_state_dict(self.policy, load_peft_weights(resume_from_checkpoint), TRAINED)
        else:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        for what in self.beside:
            what.read(resume_from_checkpoint)


def plain_model(model: PreTrainedModel | PeftModel) -> PreTrainedModel:
    """The model that adapters are laid over, or the model itself."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def _as_trl_function(reward: Reward):
    def function(prompts: Sequence[str], completions: Sequence[str], **_) -> list[float]:
        return reward(prompts, completions)

    function.__name__ = reward.name
    return function
