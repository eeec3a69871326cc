"""Requests of a front, checked and answered."""

import asyncio
import secrets
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerFast

from lib.data.chat import rendered_prompt
from lib.policies.log_probabilities import Tokens
from lib.reward_models.mixtures import mixture_weights
from lib.serving.batch import Request
from lib.serving.engine import Engine, QueueIsFull, Stopped
from lib.serving.front import Front
from lib.serving.protocol import Answer, ChatRequest, CompletionRequest, Refusal, Wanted


class Service:
    """A front, the tokenizer of its policies, and the engine that samples from them. context: in tokens."""

    def __init__(self, front: Front, tokenizer: PreTrainedTokenizerFast, engine: Engine, context: int) -> None:
        self.front, self.tokenizer, self.engine, self.context = front, tokenizer, engine, context

    async def answer(self, wanted: CompletionRequest | ChatRequest) -> Answer:
        """Raises Refusal if the request is not served."""
        weights = self._weights(wanted)
        prompt = self._prompt(wanted)
        most = self.front.max_tokens if wanted.max_tokens is None else wanted.max_tokens
        if len(prompt) + most > self.context:
            field = "prompt" if isinstance(wanted, CompletionRequest) else "messages"
            raise Refusal(
                400, field, f"{len(prompt)} tokens and max_tokens {most} do not fit into a context of {self.context}"
            )
        request = Request(
            prompt,
            self.front.coefficients(weights),
            most,
            self.front.temperature if wanted.temperature is None else wanted.temperature,
            secrets.randbelow(2**31) if wanted.seed is None else wanted.seed,
        )
        return await self._sampled(request, weights)

    async def _sampled(self, request: Request, weights: dict[str, float]) -> Answer:
        try:
            row = await asyncio.wrap_future(self.engine.submit(request))
        except QueueIsFull as error:
            raise Refusal(429, None, f"{error}; try again later") from error
        except Stopped as error:
            raise Refusal(503, None, str(error)) from error
        return Answer(
            text=self.tokenizer.decode(row.tokens, skip_special_tokens=True),
            tokens=len(row.tokens),
            prompt_tokens=len(request.prompt),
            finish_reason=self.engine.batch.finish_reason(row),
            weights=weights,
            seed=request.seed,
        )

    def _weights(self, wanted: Wanted) -> dict[str, float]:
        """λ by reward: of `weights`, or of a point's name as the model."""
        front, model = self.front, wanted.model
        if wanted.weights is not None:
            if model not in (None, front.experiment):
                raise Refusal(400, "model", f"with weights it is {front.experiment}, or left out; not {model!r}")
            field, weights = "weights", wanted.weights
        elif model in (None, front.experiment):
            example = " and ".join(front.rewards)
            raise Refusal(400, "weights", f"they are missing; give those of {example}, which sum to 1")
        else:
            field = "model"
            try:
                weights = mixture_weights(model)
            except ValueError as error:
                raise Refusal(404, field, str(error)) from error
        try:
            front.coefficients(weights)
        except ValueError as error:
            raise Refusal(404 if field == "model" else 400, field, str(error)) from error
        return weights

    def _prompt(self, wanted: CompletionRequest | ChatRequest) -> Tokens:
        """The tokens of the prompt."""
        if isinstance(wanted, CompletionRequest):
            tokens = self.tokenizer(wanted.prompt)["input_ids"]
            if not wanted.prompt or not tokens:
                raise Refusal(400, "prompt", "it is empty")
            return tokens
        if not wanted.messages or wanted.messages[-1].role != "user":
            raise Refusal(400, "messages", "the last message has to be the user's")
        if self.tokenizer.chat_template is None:
            raise Refusal(400, "messages", "this model has no chat template; give a prompt to /v1/completions")
        messages = [message.model_dump() for message in wanted.messages]
        try:
            text = rendered_prompt(self.tokenizer, messages, self.front.system)
        except TemplateError as error:
            raise Refusal(400, "messages", f"the model's chat template says: {error}") from error
        return self.tokenizer(text)["input_ids"]

    def models(self) -> list[dict[str, Any]]:
        """The experiment and the points that were scored, as models."""
        names = [self.front.experiment, *(point["model"] for point in self.front.scored)]
        return [{"id": name, "object": "model", "created": 0, "owned_by": "paretosoup"} for name in names]
