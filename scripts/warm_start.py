"""The server of warm starts: it imports the libraries once, and forks for each job (lib/jobs/warm_start.py).

    python -m scripts.warm_start DIRECTORY

It imports nothing of this project that a job imports, so an edit counts for all jobs that begin after it. Its standard
input is a pipe from the process that has started it: when that ends, it kills its jobs and ends, too.
"""

import atexit
import gc
import importlib
import os
import runpy
import shutil
import socket
import sys
import tempfile

from lib.jobs.forks import Server
from lib.jobs.warm_start import PLACE, receive, socket_for_this_process

LIBRARIES = [  # what jobs take longest to import, each with what it imports itself
    "transformers.models.llama.modeling_llama",
    "trl.trainer.grpo_trainer",
    "trl.trainer.reward_trainer",
    "trl.trainer.rloo_trainer",
    "trl.trainer.sft_trainer",
    "matplotlib.pyplot",
    "scipy.stats",
    "sklearn.linear_model",
    "tabulate",
]


class Ending:
    """The end of a job's process, after all that is registered for it.

    Python would then free every object of the libraries. To do so it copies the memory that is shared with the server,
    which takes ten times as long as the start.
    """

    status: int | None = None  # of the job; None in the server

    def end(self) -> None:
        if self.status is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self.status)


ENDING = Ending()


def run(client: socket.socket, set_by_libraries: dict[str, str]) -> None:
    """Becomes the process that the client would be had it gone on. set_by_libraries: environment variables."""
    import numpy as np  # the libraries have imported them
    import torch

    (job, argv, orig_argv, environment), streams = receive(client)
    client.send(b"\1")
    client.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    del environment[PLACE]  # for this process is not to hand itself over again
    os.environ.clear()
    os.environ.update(environment | set_by_libraries)
    sys.argv[:], sys.orig_argv[:] = argv, orig_argv
    tempfile.tempdir = None  # which was found by the server's environment
    np.random.seed()  # two jobs that set no seed are not to draw the same
    torch.default_generator.seed()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("lib", "scripts")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    ENDING.status = 1  # that of an uncaught exception
    try:
        runpy.run_module(job, run_name="__main__", alter_sys=True)
        ENDING.status = 0
    except SystemExit as error:
        ENDING.status = 0 if error.code is None else error.code if isinstance(error.code, int) else 1
        raise


def main() -> None:
    atexit.register(ENDING.end)  # before the libraries register theirs, so that it is called after them
    place = sys.argv[1]
    path, environment = socket_for_this_process(place), dict(os.environ)
    for library in LIBRARIES:
        importlib.import_module(library)
    set_by_libraries = {name: value for name, value in os.environ.items() if environment.get(name) != value}
    gc.freeze()  # so that a collection in a job does not copy what jobs share
    client = Server(path).serve()
    if client is None:
        shutil.rmtree(place, ignore_errors=True)
    else:
        run(client, set_by_libraries)


if __name__ == "__main__":
    main()
