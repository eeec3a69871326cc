"""A Slurm of one node on the loopback interface, for tests: no systemd, no cgroups, no accounting."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from tests.checkout import wait_for

CONFIGURATION = Path("/etc/slurm/slurm.conf")  # nowhere else: inside jobs the plugin forgets SLURM_CONF
MARK = "# Written by paretosoup's tests."
SETTINGS = """{mark}
ClusterName=paretosoup
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SchedulerParameters=sched_interval=1,bf_interval=1
KillWait=5
MinJobAge=3600
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=60 State=UP
"""


def why_not() -> str | None:
    """Why no Slurm can be started here, or None."""
    missing = [name for name in ("munged", "slurmctld", "slurmd", "squeue") if not shutil.which(name, path=searched())]
    if missing:
        return f"{', '.join(missing)} not installed: apt-get install --no-install-recommends slurm-wlm munge"
    if os.geteuid() != 0:
        return "slurmd and munged are started by root"
    if CONFIGURATION.exists() and not CONFIGURATION.read_text().startswith(MARK):
        return f"this machine has a Slurm of its own: {CONFIGURATION}"
    return None


def forget_what_was_killed() -> None:
    """Removes the configuration that killed tests left: every snakemake would wait ten seconds for its cluster."""
    text = CONFIGURATION.read_text() if CONFIGURATION.exists() else ""
    pid_file = re.search(r"^SlurmctldPidFile=(.*)$", text, re.MULTILINE)
    if text.startswith(MARK) and pid_file and not is_running(Path(pid_file[1])):
        CONFIGURATION.unlink()


def is_running(pid_file: Path) -> bool:
    """Whether a daemon is there."""
    return pid_file.exists() and Path(f"/proc/{pid_file.read_text().strip()}").exists()


def searched() -> str:
    """Where programs of the system are looked for."""
    return f"{os.environ['PATH']}:/usr/sbin"


class Slurm:
    """The cluster. A context: it is stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("state", "spool"):
            (folder / name).mkdir()
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 - 512
        settings = {"mark": MARK, "host": host(), "folder": folder, "cores": os.cpu_count(), "memory": memory}
        CONFIGURATION.write_text(SETTINGS.format(**settings))

    def __enter__(self) -> "Slurm":
        run("install", "-d", "-o", "munge", "-g", "munge", "-m", "755", "/run/munge")
        run("install", "-d", "-o", "munge", "-g", "munge", "-m", "700", "/var/lib/munge", "/var/log/munge")
        run("runuser", "-u", "munge", "--", "/usr/sbin/munged", "--force", "--pid-file=/run/munge/munged.pid")
        run("slurmctld")
        run("slurmd")
        self.wait_for_node()
        return self

    def __exit__(self, *_) -> None:
        try:
            run("scancel", "--user=root")
            for name in ("slurmd", "slurmctld"):
                stop(self.folder / f"{name}.pid")
            stop(Path("/run/munge/munged.pid"))
        finally:
            CONFIGURATION.unlink()

    def restart_controller(self) -> None:
        """As after a failure of the head node, which jobs survive."""
        stop(self.folder / "slurmctld.pid")
        run("slurmctld")
        self.wait_for_node()

    def wait_for_node(self) -> None:
        wait_for(lambda: run("sinfo", "--noheader", "--format=%T").strip() in ("idle", "mixed", "allocated"))


def host() -> str:
    return socket.gethostname().split(".")[0]


def run(*command: str) -> str:
    """What a program of Slurm's says."""
    program = shutil.which(command[0], path=searched())
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=60)
    return done.stdout


def stop(pid_file: Path) -> None:
    """Ends a daemon and waits until it has."""
    pid = int(pid_file.read_text())
    os.kill(pid, 15)
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
