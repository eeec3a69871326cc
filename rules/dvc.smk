# While jobs run, `dvc repro` must not remove what they make: it is told that the files are in use.
# The Snakemake that DVC itself starts for a stage has DVC's own lock.

import contextlib
import os

IN_USE = contextlib.ExitStack()


onstart:
    if "DVC_STAGE" not in os.environ:
        from lib.dvc_stages import in_use

        outputs = [output for job in workflow.dag.needrun_jobs() for output in job.output]
        IN_USE.enter_context(in_use(outputs, "snakemake"))


onsuccess:
    IN_USE.close()


onerror:
    IN_USE.close()
