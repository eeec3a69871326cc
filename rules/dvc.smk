# While jobs run, `dvc repro` must not remove what they make or read: it is told that it is in use.
# The Snakemake that DVC itself starts for a stage has DVC's own lock; it makes sure that the stage
# is what the job is now, so that DVC records nothing else.

import contextlib
import os

IN_USE = contextlib.ExitStack()


onstart:
    from lib.graph import dvc_stages

    jobs = list(workflow.dag.needrun_jobs())
    if "DVC_STAGE" in os.environ:
        dvc_stages.require_same(jobs, config, Path(experiment.file))
    else:
        made = {output for job in jobs for output in job.output}
        read = {output for job in workflow.dag.jobs for output in job.output} - made
        IN_USE.enter_context(dvc_stages.in_use("snakemake", made, read))


onsuccess:
    IN_USE.close()


onerror:
    IN_USE.close()
