# How a run begins and ends: sizes are held against the data, the terminal shows jobs, and at the end it is said where
# the page is and what was doubtful.
#
# The imports of a job take seconds, so a run on this machine begins a server that does them once (lib/jobs/warm_start.py).
# A run of one or two jobs would end before it is ready; one that DVC has started is of one job.
#
# While jobs run, `dvc repro` must not remove the files that they make or read, so these are locked in DVC.
# A Snakemake that DVC itself has started for a stage runs under DVC's own lock; it only checks that the stage in
# dvc.yaml still equals the job, so that DVC records what has been run. The full parameters of an experiment that extends
# another are written for DVC to its results.

import contextlib
import json
import os

from lib.data.fits import require_fit, sizes_of
from lib.graph.logged_warnings import logged_warnings
from lib.graph.run import Run
from lib.graph.run_end import ending
from lib.jobs.warm_start import warm_start

MEANWHILE = contextlib.ExitStack()


onstart:
    jobs = list(workflow.dag.needrun_jobs())
    # With a limit of jobs a second, Snakemake looks each second for jobs to start, and once more for each job that has
    # ended (its issue 3744): after 150 jobs that took .4 of a core. Its default is lifted: jobs start when others end.
    limit = workflow.scheduler.job_rate_limiter
    if limit is not None and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    if FITS:  # there are texts
        asked, lengths = sizes_of(experiment, rewards.labelled), Path(FITS)
        Path(SIZES).parent.mkdir(parents=True, exist_ok=True)
        Path(SIZES).write_text(json.dumps(asked))
        if lengths.exists() and "fits" not in {job.rule.name for job in jobs}:  # otherwise that job sees to it
            require_fit(asked, lengths)
    if screen is not None:
        screen.begin(Run.of((job.rule.name, job.resources.get("runtime", 1)) for job in jobs if job.output))
    if "DVC_STAGE" in os.environ:
        from lib.graph.stages import require_same

        require_same(jobs, config, Path(experiment.file))
    else:
        from lib.graph.extends import read
        from lib.graph.full_parameters import write_values
        from lib.graph.in_use import in_use

        if len(workflow.configfiles) == 1:  # what --config or a second file lays over it, DVC does not follow
            file = Path(experiment.file)
            write_values(file, read(file, Path(workflow.basedir), PAPERS))
        made = {output for job in jobs for output in job.output}
        used = {output for job in workflow.dag.jobs for output in job.output} - made
        MEANWHILE.enter_context(in_use("snakemake", made, used))
        if workflow.local_exec and not workflow.remote_exec and len(jobs) > 2:
            MEANWHILE.enter_context(warm_start())


onsuccess:
    MEANWHILE.close()
    if screen is not None:
        screen.end()
    sys.stderr.write(logged_warnings(log for job in workflow.dag.jobs for log in job.log))
    if "DVC_STAGE" not in os.environ:
        sys.stderr.write(ending(experiment, {output for job in workflow.dag.jobs for output in job.output}))


onerror:
    MEANWHILE.close()
