"""Submits a job of Snakemake to Kubernetes, from the template job.yaml, and prints the name of the job there.

python profiles/kubernetes/submit.py RULE THREADS MEGABYTES MINUTES GPUS SCRIPT
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

JOB = Path(__file__).with_name("job.yaml")


def submit(rule: str, threads: str, megabytes: str, minutes: str, gpus: str, script: str) -> None:
    """Creates the job, with the resources of its rule. script: Snakemake's script for the job, on the volume."""
    job = yaml.safe_load(JOB.read_text())
    job["metadata"].setdefault("labels", {})["rule"] = rule
    pod = job["spec"]["template"]["spec"]
    pod["activeDeadlineSeconds"] = 60 * int(minutes)  # of the pod, because that of a job includes the time in the queue
    [container] = pod["containers"]
    container["command"] = ["/bin/sh", script]
    container.setdefault("env", []).append({"name": "PATH", "value": os.environ["PATH"]})
    container["resources"] = {"requests": {"cpu": threads}, "limits": {"memory": f"{megabytes}M"}}
    if int(gpus):
        container["resources"]["limits"]["nvidia.com/gpu"] = gpus
    create = ["kubectl", "create", "--filename=-", "--output=name"]
    sys.exit(subprocess.run(create, input=json.dumps(job), text=True).returncode)


if __name__ == "__main__":
    submit(*sys.argv[1:])
