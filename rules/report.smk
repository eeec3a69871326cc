# One page with all results.
# Needs the reports of the jobs that all papers share, and the tables of each paper; makes report.md, and its main
# numbers in metrics.json.


rule report:
    input:
        code("scripts/report.py"),
        [code(f"lib/papers/{name}/report.py") for name in papers],
        every([part["files"] for part in REPORT.values()]),
        data=rules.snippets.output.report,
        base=rules.base.output.report,
        sft=expand(rules.sft.output.report, number=SEED_OF_SFT),
        agreement=[
            *expand(rules.reward.output.report, reward=rewards.labelled),
            *([rules.gold.output.report] if rewards.gold_is_fitted else []),
        ],
    output:
        report=f"{RESULTS}/report.md",
        metrics=f"{RESULTS}/metrics.json",
    log:
        f"{RESULTS}/logs/report.log",
    resources:
        **SMALL,
    params:
        settings=settings(
            "seeds",
            "evaluation.prompts",
            "evaluation.resamples",
            files={name: part["files"] for name, part in REPORT.items()},
            values={name: {key: value(key) for key in part["keys"]} for name, part in REPORT.items()},
        ),
        derived_from=settings(*(key for part in REPORT.values() for key in part["keys"])),
    shell:
        "python -m scripts.report --data {input.data} --base {input.base} --sft {input.sft}"
        " --agreement {input.agreement} --report {output.report} --metrics {output.metrics}"
        " --settings {params.settings:q} > {log} 2>&1"
