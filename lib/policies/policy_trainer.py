"""The base class of all policy trainers, a mixin for TRL's: max over π of E[R(x, y)] − β KL(π ‖ anchor).

Longer than other modules: it has all changes to TRL's trainers in one place.
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

from lib.machine.compute import logits_fit
from lib.machine.on_cpu import next_token_log_probs
from lib.machine.processes import ALONE, share
from lib.models.lora_in_memory import TRAINED
from lib.policies.anchors import MovingAnchor
from lib.policies.combinations import One
from lib.policies.kl import ESTIMATORS, KLWhileSampling
from lib.policies.sampling import sample
from lib.reward_models.loading import Reward
from lib.training.beside_checkpoints import OrderedByEpoch, SavedBeside
from lib.training.settings import WarmedUp


class PolicyTrainer(WarmedUp):
    """Changes to TRL's trainers that all three algorithms share.

    1. The anchor is the model that is passed in, for full weights and for LoRA. TRL would reload it from the directory
       that the policy was loaded from, and ignore later changes in memory.
    2. With a rate μ > 0 the anchor follows the policy (`lib.policies.anchors.MovingAnchor`).
    3. Completions are sampled by `lib.policies.sampling`, as in evaluation.
    4. KL to θ_sft is recorded every `kl_every` batches, whatever the anchor is.
    5. A reward that is not finite is an error. TRL would ignore NaN.
    6. In one process on a CPU log-probabilities are computed by `lib.machine.on_cpu`, which is faster, if those of a
       batch fit into memory. The KL to θ_sft is then computed from those that the step needs anyway.
    7. The first step has a learning rate above 0 (`lib.training.settings.WarmedUp`).
    8. Several processes (`lib.machine.processes`) together sample the same completions as one process.

    policy: the start, trained in place. anchor: a model of the same architecture, owned by the trainer from then on:
    full weights in float32, or adapters on the policy's base model. It is frozen unless μ > 0. sft: θ_sft, frozen; the
    same object as the anchor where that is θ_sft.
    rewards: rewards R with their weights w; Σᵢ wᵢ Rᵢ is maximised.
    """

    log_probs_of: dict[nn.Module, torch.Tensor] | None = None  # by model, of a batch whose KL is recorded

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
        if self.share.count > 1:  # TRL gives each process another seed
            synchronize_rng_states(["torch"])
        self.fast_on_cpu = policy.device.type == "cpu" and self.share == ALONE and self._logits_fit()
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
        """The trained model, without the wrappers of accelerate."""
        return self.accelerator.unwrap_model(self.model)

    def _logits_fit(self) -> bool:
        vocabulary = plain_model(self.policy).config.get_text_config().vocab_size
        return logits_fit(self.args.generation_batch_size * self.max_completion_length, vocabulary)

    def save_beside(self, state: SavedBeside) -> None:
        """Saves further state with the policy in each checkpoint."""
        self.beside.append(state)
        self.add_callback(state)

    def _get_train_sampler(self, *args, **kwargs) -> Sampler:
        return OrderedByEpoch(super()._get_train_sampler(*args, **kwargs), self)

    def _generate_single_turn(self, prompt_ids, *_, **__) -> list[list[int]]:
        measured = self._kl_while_sampling(prompt_ids) if self._records_kl() and not self.fast_on_cpu else None
        self.policy.eval()
        completions = sample(
            [self.policy],
            [1.0],
            prompt_ids,
            max_new_tokens=self.max_completion_length,
            temperature=self.temperature,
            share=self.share,
            watch=measured,
        )
        self.policy.train()
        if measured is not None:
            self._record_kl(measured.kl["kl"])
        if self.share != ALONE:
            with torch.random.fork_rng(devices=[]):
                torch.randperm(len(prompt_ids) * self.share.count)
                self.next_random = torch.get_rng_state()
        return completions

    def _generate_and_score_completions(self, inputs) -> dict[str, torch.Tensor]:
        if not (self.fast_on_cpu and self._records_kl()):
            return super()._generate_and_score_completions(inputs)
        self.log_probs_of = {}
        batch = super()._generate_and_score_completions(inputs)
        self._record_kl(self._kl_from_log_probs(batch))
        self.log_probs_of = None
        return batch

    def _prepare_inputs(self, generation_batch):
        inputs = super()._prepare_inputs(generation_batch)
        if self.next_random is not None:  # TRL shuffled its share, one process shuffles all
            torch.set_rng_state(self.next_random)
            self.next_random = None
        return inputs

    def _records_kl(self) -> bool:
        return self.sft is not None and self.state.global_step // self.num_iterations % self.kl_every == 0

    def _record_kl(self, of_completions: torch.Tensor) -> None:
        kl = self.accelerator.reduce(of_completions.to(self.accelerator.device).mean(), "mean")
        self._metrics["train"]["kl_to_sft"].append(kl.item())

    def _kl_while_sampling(self, prompt_ids) -> KLWhileSampling:
        asked = {"kl": One([self.sft]).decoding([0], prompt_ids)}
        return KLWhileSampling(asked, self.temperature, self.kl_estimator)

    def _kl_from_log_probs(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        tokens, of_completions = batch["completion_ids"], batch["completion_mask"]
        ids = torch.cat([batch["prompt_ids"], tokens], dim=1)
        mask = torch.cat([batch["prompt_mask"], of_completions], dim=1)
        with torch.no_grad():
            for model in (self.model, self.sft):
                if model not in self.log_probs_of:
                    self._get_per_token_logps_and_entropies(model, ids, mask, tokens.size(1))
            ours, theirs = self.log_probs_of[self.model], self.log_probs_of[self.sft]
            return ESTIMATORS[self.kl_estimator](ours, theirs, tokens, of_completions)

    def _get_per_token_logps_and_entropies(self, model, input_ids, attention_mask, logits_to_keep, *args, **kwargs):
        if not self.fast_on_cpu:
            return super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, *args, **kwargs
            )
        with self.accelerator.autocast():
            log_probs = next_token_log_probs(model, input_ids, attention_mask, logits_to_keep, self.temperature)
        if self.log_probs_of is not None:
            self.log_probs_of[model] = log_probs.detach()
        of_tokens = log_probs.gather(-1, input_ids[:, -logits_to_keep:].unsqueeze(-1)).squeeze(-1)
        if not kwargs.get("compute_entropy", False):
            return of_tokens, None, None
        with torch.no_grad():
            return of_tokens, -(log_probs.exp() * log_probs).sum(-1), None

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None) -> None:
        if isinstance(self.policy, PeftModel):  # the trainer would leave its other adapters inactive
            set_peft_model_state_dict(self.policy, load_peft_weights(resume_from_checkpoint), TRAINED)
        else:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        for state in self.beside:
            state.read(resume_from_checkpoint)


def plain_model(model: PreTrainedModel | PeftModel) -> PreTrainedModel:
    """The base model with its adapters in place, without the wrapper of PEFT; another model is returned as it is."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def _as_trl_function(reward: Reward):
    def function(prompts: Sequence[str], completions: Sequence[str], **_) -> list[float]:
        return reward(prompts, completions)

    function.__name__ = reward.name
    return function
