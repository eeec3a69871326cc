"""Serve the front of an experiment with LoRA: one model in memory, and λ in each request.

    make serve EXPERIMENT=smollm2
    make serve EXPERIMENT=smollm2 PORT=8080 SEED=2 MAX_BATCH=32

It listens on this machine alone unless HOST says otherwise. Ctrl-C ends it.
"""

import argparse
import asyncio
import contextlib
import ipaddress
import json
import socket
import sys
import warnings
from pathlib import Path

import uvicorn

from lib.graph.extends import read
from lib.graph.modality import modality_of
from lib.papers.register import PAPERS
from lib.serving.app import app_of
from lib.serving.front import Front
from lib.serving.loading import service_of
from lib.serving.service import Service

GRACE = 5  # seconds that requests have to finish in when the server is told to end


class Server(uvicorn.Server):
    """A server that stops its engine some seconds after it was told to end: what is not finished is then refused."""

    def __init__(self, service: Service, grace: float) -> None:
        super().__init__(uvicorn.Config(app_of(service), log_level="warning"))
        self.engine, self.grace = service.engine, grace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Waits for the answers that are under way."""
        asyncio.get_running_loop().call_later(self.grace, self.engine.stop)
        await super().shutdown(sockets)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ValueError if it cannot."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise ValueError(f"{host}:{port}: {error}; give another PORT or HOST") from error


def greeting(front: Front, url: str) -> str:
    """What is printed when the server is ready."""
    share = 1 / len(front.rewards)
    weights = {name: round(share, 6) for name in front.rewards}
    request = json.dumps({"prompt": "The story is", "weights": weights, "seed": 1})
    return "\n".join(
        [
            f"{front.experiment} at {url}, rewards: {', '.join(front.rewards)}; Ctrl-C ends it. An example:",
            f"  curl {url}/v1/completions -H 'Content-Type: application/json' -d '{request}'",
        ]
    )


def serve(params: Path, seed: int, host: str, port: int, max_batch: int) -> None:
    """Serves until it is interrupted. Raises ValueError if there is no front to be served, or the port is taken."""
    config = read(params, Path(), PAPERS).config
    modality_of(config).require("serve")
    try:
        front = Front.of(config, seed)
    except ValueError as error:
        raise ValueError(f"{params}: {error}") from error
    with listening(host, port) as listener:
        address, port = listener.getsockname()[:2]
        if not ipaddress.ip_address(address).is_loopback:
            print(f"warning: whoever reaches {address} can send requests: there is no password and no encryption")
        server = Server(service_of(front, max_batch), GRACE)
        print(greeting(front, f"http://{f'[{address}]' if ':' in address else address}:{port}"), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    print("stopped")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.serve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="the experiment's file")
    parser.add_argument("--seed", type=int, default=1, help="of the policies")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for all of this machine's addresses")
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    parser.add_argument("--max-batch", type=int, default=16, help="requests that are sampled together")
    options = parser.parse_args()
    if options.max_batch < 1:
        parser.error(f"--max-batch: it is {options.max_batch}, and has to be at least 1")
    warnings.simplefilter("ignore", FutureWarning)  # transformers warns of its own calls
    try:
        serve(options.params, options.seed, options.host, options.port, options.max_batch)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
