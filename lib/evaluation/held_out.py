"""How likely held-out texts are under a policy, in bits: it tells what a policy has forgotten."""

import math
from collections.abc import Iterator, Sequence

from transformers import PreTrainedTokenizerFast

from lib.machine.compute import texts_at_once
from lib.policies.combinations import Combined
from lib.policies.log_probabilities import Tokens, next_token_log_probabilities

AT_ONCE = 16  # texts in a batch, of about equal length: more have more padding


class HeldOut:
    """Texts that begin with prompts, as tokens: each prompt's, and those of the rest with the end-of-text token."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str], rests: Sequence[str]) -> None:
        begun = tokenizer(list(prompts))["input_ids"]
        whole = tokenizer([prompt + rest for prompt, rest in zip(prompts, rests)])["input_ids"]
        cuts = list(map(common, begun, whole))  # a token may reach across the end of a prompt
        self.prompts = [text[:cut] for text, cut in zip(whole, cuts)]
        self.rests = [[*text[cut:], tokenizer.eos_token_id] for text, cut in zip(whole, cuts)]
        self.mean_bytes = sum(len(rest.encode()) for rest in rests) / len(rests)

    def bits_per_byte(self, combined: Combined, number: int) -> list[float]:
        """−log₂ p(rest | prompt) of each text under one policy, in the mean number of bytes of a rest.

        So the mean over texts is Σ bits / Σ bytes.
        """
        found = [0.0] * len(self.rests)
        with combined.alone(number) as mixed:
            for batch in self._batches(mixed[0][0].config.get_text_config().vocab_size):
                prompts, rests = ([texts[i] for i in batch] for texts in (self.prompts, self.rests))
                log_probs, tokens, mask = next_token_log_probabilities(*mixed, prompts, rests, 1.0)
                nats = -(log_probs.gather(-1, tokens.unsqueeze(-1)).squeeze(-1) * mask).sum(-1)
                for i, of_text in zip(batch, nats.tolist()):
                    found[i] = of_text / math.log(2) / self.mean_bytes
        return found

    def _batches(self, vocabulary: int) -> Iterator[list[int]]:
        """The numbers of the texts, the longest first, in batches whose logits fit into memory."""
        order = sorted(range(len(self.rests)), key=lambda i: -len(self.rests[i]))
        while order:
            size = min(AT_ONCE, texts_at_once(len(self.rests[order[0]]), vocabulary))
            yield order[:size]
            order = order[size:]


def common(first: Tokens, second: Tokens) -> int:
    """How many tokens two texts have in common at their beginning."""
    different = (i for i, (one, other) in enumerate(zip(first, second)) if one != other)
    return next(different, min(len(first), len(second)))
