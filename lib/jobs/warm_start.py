"""Starts jobs without their imports, which take seconds: a server that has imported the libraries forks for each job.

While Snakemake runs jobs on this machine, scripts/warm_start.py is the server. Jobs find the private directory with its
socket by the environment. `python -m scripts.NAME` hands itself over there before it imports anything, waits, and ends
as its job has ended. Where no server answers, the job starts by itself and says so, so nothing depends on there being
one.
"""

import hashlib
import marshal
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PLACE = "PARETOSOUP_WARM_START"  # environment variable: the directory with the server's socket
# What Snakemake sets for a job by its number of threads. Libraries read it when they are imported.
THREADS = [f"{name}_NUM_THREADS" for name in ("OMP", "GOTO", "OPENBLAS", "MKL", "NUMEXPR")] + ["VECLIB_MAXIMUM_THREADS"]
# What Snakemake and the shell set for each job, and no library keeps from when it was imported.
OF_A_JOB = {PLACE, "_", "SHLVL", "PWD", "OLDPWD", "TMPDIR", "TMP", "TEMPDIR", "TEMP"}
COLD = "no warm start: no server for such a process has answered, so this one imports the libraries itself\n"


@contextmanager
def warm_start() -> Iterator[None]:
    """Meanwhile jobs of one thread that are started in this directory are handed to a server, once it is ready.

    The server ends with this process, however that ends, and its jobs with it. There is none but on Linux.
    """
    if sys.platform != "linux":
        yield
        return
    import subprocess  # here and below: a job hands itself over without importing these
    import tempfile

    environment = os.environ | dict.fromkeys(THREADS, "1")
    environment.pop(PLACE, None)
    with tempfile.TemporaryDirectory(prefix="paretosoup-", ignore_cleanup_errors=True) as place:  # of mode 0700
        server = subprocess.Popen(
            ["python", "-m", "scripts.warm_start", place],  # as rules start jobs: of several paths to a .venv by theirs
            env=environment,
            stdin=subprocess.PIPE,  # which ends when this process ends
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for Snakemake and its jobs
        )
        os.environ[PLACE] = place
        try:
            yield
        finally:
            del os.environ[PLACE]
            server.terminate()
            server.wait()


def socket_for_this_process(place: str) -> str:
    """The path of the socket of a server that has imported the libraries as this process would.

    Its name stands for Python, its options, the environment, and where modules are found, which begins with the
    directory: none of them can be changed after an import. So a job of two threads, or one of several processes, finds
    no socket.
    """
    environment = sorted((name, value) for name, value in os.environ.items() if name not in OF_A_JOB)
    python = sys.version, sys.flags, sys.warnoptions, sorted(sys._xoptions.items()), sys.path
    name = repr((python, environment)).encode(errors="surrogateescape")
    return f"{place}/{hashlib.sha256(name).hexdigest()[:16]}"


def hand_over() -> None:
    """Ends this process as its job ends, which a server does for it. Says so and returns if none has begun it."""
    job = sys.orig_argv[-len(sys.argv)]  # python -m JOB ARGUMENTS; sys.argv is -m ARGUMENTS
    if not job.startswith("scripts."):
        return
    with socket.socket(socket.AF_UNIX) as server:
        if not begun_by(server, job):
            sys.stderr.write(COLD)
            return
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # when this process ends, the server kills the job
        status = server.recv(4)
    if not status:
        os.write(2, b"error: this job was killed together with the process that had started it\n")
        os._exit(1)
    end_with(int.from_bytes(status, signed=True))


def begun_by(server: socket.socket, job: str) -> bool:
    """Whether a server has begun the job."""
    try:
        server.connect(socket_for_this_process(os.environ[PLACE]))
        send(server, [job, sys.argv, sys.orig_argv, dict(os.environ)])
        return bool(server.recv(1))
    except OSError:
        return False


def send(server: socket.socket, request: list) -> None:
    """Sends what a job is, and the standard streams of this process."""
    message = marshal.dumps(request)
    socket.send_fds(server, [len(message).to_bytes(8)], [0, 1, 2])
    server.sendall(message)


def receive(client: socket.socket) -> tuple[list, list[int]]:
    """What `send` has sent: what a job is, and its standard streams. Raises EOFError if the client has died."""
    length, streams, _, _ = socket.recv_fds(client, 8, 3)
    with client.makefile("rb") as stream:
        message = stream.read(int.from_bytes(length))
    return marshal.loads(message), streams


def end_with(status: int) -> None:
    """Ends this process with an exit status, or, if it is negative, by that signal."""
    if status >= 0:
        os._exit(status)
    with suppress(OSError):  # of SIGKILL
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
