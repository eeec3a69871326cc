"""What requests and answers look like: OpenAI's completions and chat completions, with `weights`."""

import time
import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

SINGLE = {"ge": 1, "le": 1}


class Refusal(Exception):
    """A request that is not served. field: of the request, or None."""

    def __init__(self, status: int, field: str | None, message: str) -> None:
        super().__init__(message)
        self.status, self.field = status, field

    def body(self) -> dict[str, Any]:
        """As OpenAI's clients read it."""
        kind = "invalid_request_error" if self.status < 429 else "server_error"
        message = f"{self.field}: {self}" if self.field else str(self)
        return {"error": {"message": message, "type": kind, "param": self.field, "code": self.status}}


class Wanted(BaseModel):
    """What both kinds of requests have. What is not known is refused, since it would be ignored in silence."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str | None = None
    weights: dict[str, FiniteFloat] | None = None
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    temperature: Annotated[FiniteFloat | None, Field(ge=0, le=100)] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**63)] = None
    n: Annotated[int, Field(**SINGLE)] = 1
    top_p: Annotated[float, Field(**SINGLE)] = 1
    stream: Literal[False] = False


class CompletionRequest(Wanted):
    """A text to be continued as it stands."""

    prompt: str


class Message(BaseModel):
    """A turn of a conversation."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role: Literal["system", "user", "assistant"]
    content: str


class ChatRequest(Wanted):
    """A conversation that ends with a message of the user."""

    messages: list[Message]


class Answer(BaseModel):
    """A completion. tokens: their number, with the end-of-text token."""

    text: str
    tokens: int
    prompt_tokens: int
    finish_reason: Literal["stop", "length"]
    weights: dict[str, float]
    seed: int

    def completion(self, model: str) -> dict[str, Any]:
        """As answer of /v1/completions."""
        return self._body("cmpl", "text_completion", model, {"text": self.text, "logprobs": None})

    def chat_completion(self, model: str) -> dict[str, Any]:
        """As answer of /v1/chat/completions."""
        message = {"role": "assistant", "content": self.text}
        return self._body("chatcmpl", "chat.completion", model, {"message": message, "logprobs": None})

    def _body(self, prefix: str, kind: str, model: str, choice: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"{prefix}-{uuid.uuid4().hex}",
            "object": kind,
            "created": int(time.time()),
            "model": model,
            "choices": [{"index": 0, **choice, "finish_reason": self.finish_reason}],
            "usage": {
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.tokens,
                "total_tokens": self.prompt_tokens + self.tokens,
            },
            "weights": self.weights,
            "seed": self.seed,
        }
