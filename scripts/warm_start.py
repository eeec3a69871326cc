"""The server of warm starts: it imports the libraries once, and forks for each job (lib/jobs/warm_start.py).

    python -m scripts.warm_start DIRECTORY

It imports nothing of this project that a job imports, so an edit counts for all jobs that begin after it. Its standard
input is a pipe from the process that has started it: when that ends, it kills its jobs and ends, too.
"""

import atexit
import ctypes
import gc
import importlib
import os
import runpy
import select
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

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
OWNER = 0  # standard input
PR_SET_PDEATHSIG = 1  # of linux/prctl.h


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


class Job(NamedTuple):
    """pid: its process, which leads a group. ended: a descriptor that can be read once it has ended."""

    pid: int
    client: socket.socket
    ended: int

    def kill(self) -> None:
        """With the processes that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


class Server:
    """Forks for each client at the socket, and tells it how its job has ended."""

    def __init__(self, path: str) -> None:
        self.jobs: list[Job] = []
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(f"{path}.partial")
        self.listening.listen()
        Path(f"{path}.partial").rename(path)  # it is there once it answers
        self.poll = select.poll()
        self.poll.register(OWNER, 0)
        self.poll.register(self.listening, select.POLLIN)

    def serve(self) -> socket.socket | None:
        """Returns in the process of a job, its client; or None once the owner of this server has ended."""
        while (descriptor := self.poll.poll()[0][0]) != OWNER:
            if descriptor == self.listening.fileno() and (client := self.begin()) is not None:
                return client
            for job in list(self.jobs):
                if descriptor == job.client.fileno():  # the client has died
                    self.poll.unregister(job.client)
                    job.kill()
                elif descriptor == job.ended:
                    self.end(job)
        for job in self.jobs:
            job.kill()
        return None

    def begin(self) -> socket.socket | None:
        """Forks. In the process of the job, returns the client."""
        client, _ = self.listening.accept()
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError:  # no memory: the client finds that nobody has begun its job
            client.close()
            return None
        if pid == 0:
            end_with_parent(server)
            for other in [self.listening, *(job.client for job in self.jobs)]:
                other.close()
            for job in self.jobs:
                os.close(job.ended)
            return client
        os.setpgid(pid, pid)
        job = Job(pid, client, os.pidfd_open(pid))
        self.jobs.append(job)
        self.poll.register(job.ended, select.POLLIN)
        self.poll.register(client, select.POLLRDHUP)
        return None

    def end(self, job: Job) -> None:
        """Tells the client of a job that has ended, and forgets it."""
        status = os.waitstatus_to_exitcode(os.waitpid(job.pid, 0)[1])
        self.jobs.remove(job)
        self.poll.unregister(job.ended)
        with suppress(KeyError):  # the client has died before
            self.poll.unregister(job.client)
        with suppress(OSError):
            job.client.send(status.to_bytes(4, signed=True))
        job.client.close()
        os.close(job.ended)


def end_with_parent(parent: int) -> None:
    """Has the system kill this process when the server is killed, which then cannot do it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def run(client: socket.socket, set_by_libraries: dict[str, str]) -> None:
    """Becomes the process that the client would be had it gone on. set_by_libraries: environment variables."""
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
    sys.modules["numpy"].random.seed()  # two jobs that set no seed are not to draw the same
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
