"""Sequence classifiers trained by others, as rewards: the format of their input, and the weights of their outputs."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from lib.data.chat import Message, conversation
from lib.machine.compute import Compute
from lib.models.hub import hub_id
from lib.reward_models.classifiers import with_precise_head

BATCH = 32  # texts


class GivenClassifier:
    """R(x, y) = Σᵢ wᵢ zᵢ over the outputs z of the classifier for prompt x and completion y.

    source, an entry of params.yaml:
    `classifier`: a directory, or `hub:` and an id, with its `revision`.
    `weights`: w, one for each output.
    `inputs`: one template with {prompt} and {completion}, or two if the classifier was trained on pairs of texts, or
    `chat` if it was trained on messages in its own chat template.
    `between` (optional): two marks; the classifier then sees only the part of the prompt between them.

    key: of the entry. Raises ValueError with the key if the number of outputs differs or there is no trained head.
    """

    def __init__(self, key: str, source: Mapping[str, Any], compute: Compute) -> None:
        name = hub_id(source["classifier"])
        pinned = {"revision": source["revision"]} if "revision" in source else {}
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(name, **pinned)
            model, loading = AutoModelForSequenceClassification.from_pretrained(
                name, dtype=compute.dtype, use_safetensors=True, output_loading_info=True, **pinned
            )
        except (OSError, ValueError, SafetensorError) as error:
            raise ValueError(f"{key}.classifier: {name} cannot be read: {error}") from error
        if loading["missing_keys"]:
            raise ValueError(f"{key}.classifier: {name} lacks {min(loading['missing_keys'])}: it is no classifier")
        if model.config.num_labels != len(source["weights"]):
            outputs = f"{name} has {model.config.num_labels} outputs ({model.config.id2label})"
            raise ValueError(f"{key}.weights: {outputs}, not {len(source['weights'])}")
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        model.config.pad_token_id = self.tokenizer.pad_token_id
        self.model = with_precise_head(model).to(compute.device).eval()
        self.weights = torch.tensor(source["weights"], dtype=torch.float32)
        self.inputs, self.between = source["inputs"], source.get("between")
        longest = getattr(model.config, "max_position_embeddings", self.tokenizer.model_max_length)
        self.longest = min(longest, self.tokenizer.model_max_length)

    @torch.no_grad()
    def __call__(self, prompts: Sequence[str | Sequence[Message]], completions: Sequence[str]) -> list[float]:
        """One score per completion."""
        scores = []
        for start in range(0, len(prompts), BATCH):
            here = slice(start, start + BATCH)
            logits = self.model(**self.encoded(prompts[here], completions[here])).logits.float().cpu()
            scores += (logits @ self.weights).tolist()
        return scores

    def encoded(self, prompts: Sequence[str | Sequence[Message]], completions: Sequence[str]) -> Any:
        """The padded token ids that the classifier reads, truncated to its maximum length."""
        pairs = [(self.part(prompt), completion) for prompt, completion in zip(prompts, completions)]
        if self.inputs == "chat":
            texts = [[self.as_chat(*pair) for pair in pairs]]
        else:
            texts = [
                [text.format(prompt=prompt, completion=completion) for prompt, completion in pairs]
                for text in self.inputs
            ]
        special = self.inputs != "chat"  # a chat template adds its own
        return self.tokenizer(
            *texts,
            padding=True,
            truncation=True,
            max_length=self.longest,
            add_special_tokens=special,
            return_tensors="pt",
        ).to(self.model.device)

    def as_chat(self, prompt: str | Sequence[Message], completion: str) -> str:
        """Prompt, which may be a conversation, and completion as messages in the chat template."""
        messages = [*conversation(prompt, None), {"role": "assistant", "content": completion.strip()}]
        return self.tokenizer.apply_chat_template(messages, tokenize=False)

    def part(self, prompt: str | Sequence[Message]) -> str | Sequence[Message]:
        """The part of a prompt between the two marks, or the whole prompt; a conversation is taken whole."""
        if self.between is None or not isinstance(prompt, str):
            return prompt
        before, after = self.between
        rest = prompt.partition(before)[2] or prompt
        return rest.rpartition(after)[0] or rest
