"""A server that forks for each client at a socket: the child does the client's job.

If the client dies, its job is killed. If the server or its owner dies, all jobs are killed.
"""

import ctypes
import os
import select
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

OWNER = 0  # standard input: a pipe from the owner, which ends when that ends
PR_SET_PDEATHSIG = 1  # of linux/prctl.h


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
        os.close(os.pidfd_open(os.getpid()))  # raises OSError on Linux before 5.3, where no socket is to be there
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
