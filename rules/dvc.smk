# While jobs run, `dvc repro` must not remove what they make or read: it is told that it is in use.
# The Snakemake that DVC itself starts for a stage has DVC's own lock; it makes sure that the stage
# is what the job is now, so that DVC records nothing else.

import contextlib
import os

IN_USE = contextlib.ExitStack()


onstart:
    jobs = list(workflow.dag.needrun_jobs())
    if "DVC_STAGE" in os.environ:
        from lib.graph.stages import require_same

        require_same(jobs, config, Path(experiment.file))
    else:
        from lib.graph.in_use import in_use

        made = {output for job in jobs for output in job.output}
        read = {output for job in workflow.dag.jobs for output in job.output} - made
        IN_USE.enter_context(in_use("snakemake", made, read))


onsuccess:
    IN_USE.close()


onerror:
    IN_USE.close()
