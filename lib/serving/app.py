"""The routes of the server."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from lib.serving.protocol import Answer, ChatRequest, CompletionRequest, Refusal
from lib.serving.service import Service

LOOK = 1.0  # seconds after which it is looked whether a client is still there


def app_of(service: Service) -> FastAPI:
    """The application, which starts and stops the engine."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.engine.start()
        yield
        service.engine.stop()

    # Without the pages of documentation, which load scripts from elsewhere; /openapi.json is there.
    title = f"paretosoup: {service.front.experiment}"
    app = FastAPI(title=title, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.include_router(completions(service))
    app.include_router(descriptions(service))
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, not_there)
    app.add_exception_handler(Exception, failed)
    return app


def completions(service: Service) -> APIRouter:
    """The routes that sample."""
    router, experiment = APIRouter(), service.front.experiment

    @router.post("/v1/completions")
    async def complete(wanted: CompletionRequest, request: Request) -> dict[str, Any]:
        answer = await while_connected(request, service.answer(wanted))
        return answer.completion(wanted.model or experiment)

    @router.post("/v1/chat/completions")
    async def chat(wanted: ChatRequest, request: Request) -> dict[str, Any]:
        answer = await while_connected(request, service.answer(wanted))
        return answer.chat_completion(wanted.model or experiment)

    return router


async def while_connected(request: Request, answering: Coroutine[Any, Any, Answer]) -> Answer:
    """The answer. If the client goes away, the work on it ends."""
    task = asyncio.create_task(answering)
    while not task.done():
        await asyncio.wait({task}, timeout=LOOK)
        if not task.done() and await request.is_disconnected():
            task.cancel()
            raise Refusal(499, None, "the client has gone away")
    return task.result()


def descriptions(service: Service) -> APIRouter:
    """The routes that tell what is served."""
    router, front = APIRouter(), service.front

    @router.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": service.models()}

    @router.get("/front")
    async def of_front() -> dict[str, Any]:
        return {"experiment": front.experiment, "rewards": front.rewards, "points": front.scored}

    @router.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", **service.engine.load()}

    return router


def answer_of(refusal: Refusal) -> JSONResponse:
    """The answer to a request that is not served."""
    headers = {"Retry-After": "1"} if refusal.status == 429 else None
    return JSONResponse(refusal.body(), refusal.status, headers)


async def refused(_: Request, error: Refusal) -> JSONResponse:
    """A request with a wrong value, or one too many."""
    return answer_of(error)


async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
    """A request of the wrong shape. Of its mistakes, the first is told."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return answer_of(Refusal(400, None, f"the body is not JSON: {first['ctx']['error']}"))
    if first["loc"] == ("body",):
        return answer_of(Refusal(400, None, "send a JSON object, with the header Content-Type: application/json"))
    field = ".".join(map(str, first["loc"][1:]))
    known = ", ".join(sorted(CompletionRequest.model_fields.keys() | ChatRequest.model_fields.keys()))
    message = f"it is not known; known are {known}" if first["type"] == "extra_forbidden" else first["msg"]
    return answer_of(Refusal(400, field, message))


async def not_there(request: Request, error: HTTPException) -> JSONResponse:
    """A path or a method that the server does not have."""
    return answer_of(Refusal(error.status_code, None, f"{request.method} {request.url.path}: {error.detail}"))


async def failed(_: Request, error: Exception) -> JSONResponse:
    """What went wrong in the server itself; its log has the traceback."""
    return answer_of(Refusal(500, None, f"the server failed: {type(error).__name__}: {error}"))
