# What is said of the claims, and one page with all results.
# Needs the reports of the jobs that all papers share, and the evidence and tables of each paper; makes claims.csv and
# claims.md, samples at equal KL for each paper, report.md, and its main numbers in metrics.json.


rule claims:
    input:
        code("scripts/claims.py"),
        [code(f"lib/papers/{name}/{module}.py") for name in EVIDENCE for module in ("__init__", "claims")],
        every(EVIDENCE),
    output:
        table=shown(f"{RESULTS}/claims.csv"),
        page=f"{RESULTS}/claims.md",
    log:
        f"{RESULTS}/logs/claims.log",
    resources:
        **SMALL,
    params:
        settings=settings(evidence=EVIDENCE),
    shell:
        "python -m scripts.claims --table {output.table} --page {output.page}"
        " --settings {params.settings:q} > {log} 2>&1"


rule samples_at_equal_kl:
    input:
        code("scripts/samples_at_equal_kl.py"),
        scores=lambda wildcards: SAMPLES[wildcards.paper]["scores"],
        snippets=SNIPPETS,
    output:
        samples=f"{RESULTS}/{{paper}}/samples_at_equal_kl.csv",
    log:
        f"{RESULTS}/logs/samples_at_equal_kl/{{paper}}.log",
    wildcard_constraints:
        paper="|".join(SAMPLES),
    resources:
        **SMALL,
    params:
        settings=lambda wildcards: settings(
            *modality.prompts,
            **modality.no_prompts,
            prompts_held_out=value("evaluation.prompts"),
            paths=SAMPLES[wildcards.paper]["paths"],
            columns=SAMPLES[wildcards.paper]["rewards"],
        ),
        derived_from=lambda wildcards: settings(
            "seeds", "evaluation.prompts", "evaluation.path", *SAMPLES[wildcards.paper]["keys"]
        ),
    shell:
        "python -m scripts.samples_at_equal_kl --scores {input.scores} --snippets {input.snippets}"
        " --samples {output.samples} --settings {params.settings:q} > {log} 2>&1"


# What one paper's claims rest on, and what is recorded with it: snakemake warp_evidence
for paper, files in EVIDENCE.items():

    rule:
        name:
            f"{paper}_evidence"
        input:
            files,
            every(PAGE.get(paper, [])),
            expand(rules.samples_at_equal_kl.output, paper=[paper] if paper in SAMPLES else []),
            every(SHOWN),


rule report:
    input:
        code("scripts/report.py"),
        [code(f"lib/papers/{name}/report.py") for name in papers],
        every([part["files"] for part in REPORT.values()]),
        claims=rules.claims.output.table,
        samples=expand(rules.samples_at_equal_kl.output, paper=SAMPLES),
        data=SHOWN["data"],
        base=SHOWN["base"],
        sft=SHOWN["sft"],
        agreement=SHOWN["agreement"],
    output:
        report=shown(f"{RESULTS}/report.md"),
        metrics=f"{RESULTS}/metrics.json",
    log:
        f"{RESULTS}/logs/report.log",
    resources:
        **SMALL,
    params:
        settings=settings(
            "seeds",
            "evaluation.prompts",
            files={name: part["files"] for name, part in REPORT.items()},
            values={name: {key: value(key) for key in part["keys"]} for name, part in REPORT.items()},
        ),
        derived_from=settings(*(key for part in REPORT.values() for key in part["keys"])),
    shell:
        "python -m scripts.report --claims {input.claims} --samples {input.samples} --data {input.data} --base {input.base} --sft {input.sft}"
        " --agreement {input.agreement} --report {output.report} --metrics {output.metrics}"
        " --settings {params.settings:q} > {log} 2>&1"
