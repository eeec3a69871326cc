"""What kubectl asks of a cluster about jobs, answered on the loopback interface: a pod's command is a process here.

No cluster: nothing is scheduled, no image is pulled, no volume is mounted; a volume's path has to be there already.
"""

import json
import os
import signal
import subprocess
from pathlib import Path
from threading import Thread

from flask import Flask, request
from werkzeug.serving import make_server

KINDS = {
    "v1": [],
    "batch/v1": [{"name": "jobs", "kind": "Job", "namespaced": True, "verbs": ["create", "get", "delete"]}],
}
JOBS = "/apis/batch/v1/namespaces/default/jobs"
VALIDATES = {  # jobs that are created, strictly: kubectl asks whether the server does, and leaves it to that
    "x-kubernetes-group-version-kind": {"group": "batch", "version": "v1", "kind": "Job"},
    "parameters": [{"name": "fieldValidation", "in": "query"}],
}
STOPPED = ["sh", "-c", 'kill -STOP $$; exec "$@"', "sh"]  # before a command: it would go on by a signal
VERSION = {"groupVersion": "batch/v1", "version": "v1"}


class Kubernetes:
    """The API server. A context: what still runs is ended with it.

    jobs: what was created, by name; processes: those of jobs that were not deleted. held: a rule whose first job
    waits at its start, until it is deleted.
    """

    def __init__(self, folder: Path, held: str) -> None:
        self.held = held
        self.jobs: dict[str, dict] = {}
        self.processes: dict[str, subprocess.Popen] = {}
        self.folder, self.configuration = folder, folder / "kubeconfig"
        self.server = make_server("127.0.0.1", 0, self._answers(), threaded=True)
        cluster = {"name": "test", "cluster": {"server": f"http://127.0.0.1:{self.server.server_port}"}}
        context = {"name": "test", "context": {"cluster": "test", "user": "test"}}
        self.configuration.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "clusters": [cluster],
                    "contexts": [context],
                    "users": [{"name": "test", "user": {}}],
                }
            )
        )

    def __enter__(self) -> "Kubernetes":
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()
        for name in list(self.processes):
            self._delete(name)

    def of_rule(self, rule: str) -> list[dict]:
        """The jobs of a rule that were created, one after the other."""
        return [job for job in self.jobs.values() if job["metadata"]["labels"]["rule"] == rule]

    def _start(self, job: dict) -> None:
        rule = job["metadata"]["labels"]["rule"]
        begin = STOPPED if rule == self.held and not self.of_rule(rule) else []
        name = f"{job['metadata'].pop('generateName')}{len(self.jobs)}"
        job["metadata"] |= {"name": name, "uid": name}
        self.jobs[name] = job
        [container] = job["spec"]["template"]["spec"]["containers"]
        self.processes[name] = subprocess.Popen(
            begin + container["command"],
            cwd="/",
            env={variable["name"]: variable["value"] for variable in container["env"]},
            stdout=(self.folder / f"{name}.log").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _delete(self, name: str) -> None:
        process = self.processes.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _as_it_is(self, name: str) -> dict:
        code = self.processes[name].poll()
        ended = [] if code is None else [{"type": "Failed" if code else "Complete", "status": "True"}]
        return self.jobs[name] | {"status": {"conditions": ended}}

    def _answers(self) -> Flask:
        app = Flask(__name__)

        @app.get("/version")
        def version():
            return {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}

        @app.get("/openapi/v3")
        def descriptions():
            return {"paths": {"apis/batch/v1": {"serverRelativeURL": "/openapi/v3/batch"}}}

        @app.get("/openapi/v3/batch")
        def description():
            return {"openapi": "3.0.0", "paths": {JOBS: {"patch": VALIDATES}}}

        @app.get("/api")
        def core():
            return {"kind": "APIVersions", "versions": ["v1"]}

        @app.get("/apis")
        def groups():
            batch = {"name": "batch", "versions": [VERSION], "preferredVersion": VERSION}
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [batch]}

        @app.get("/api/v1", defaults={"group": "v1"})
        @app.get("/apis/<path:group>")
        def kinds(group):
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": KINDS[group]}

        @app.post(JOBS)
        def create():
            job = json.loads(request.data)
            self._start(job)
            return job, 201

        @app.get(f"{JOBS}/<name>")
        def get(name):
            return self._as_it_is(name) if name in self.processes else gone(name)

        @app.delete(f"{JOBS}/<name>")
        def delete(name):
            if name not in self.processes:
                return gone(name)
            self._delete(name)
            return self.jobs[name]

        return app


def gone(name: str) -> tuple[dict, int]:
    """That there is no such job."""
    failure = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
    return failure | {"message": f'jobs.batch "{name}" not found'}, 404
