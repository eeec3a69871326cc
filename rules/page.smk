# One page to look at, front.html: a single file without network, with a tab for each paper in PAGE and one of the claims.
# Needs the evidence, samples and figures of each paper, and claims.csv.


rule page:
    input:
        code("scripts/page.py"),
        [code(f"lib/papers/{name}/page.py") for name in PAGE],
        expand("lib/reporting/html/page.{kind}", kind=["html", "css", "js"]),
        every(PAGE),
        claims=rules.claims.output.table,
    output:
        page=shown(f"{RESULTS}/front.html"),
    log:
        f"{RESULTS}/logs/page.log",
    resources:
        **SMALL,
    params:
        settings=settings(
            "experiment",
            "seeds",
            "evaluation.prompts",
            files=PAGE,
            command=f"snakemake --cores 2{experiment.option} {RESULTS}/",
        ),
    shell:
        "python -m scripts.page --claims {input.claims} --page {output.page}"
        " --settings {params.settings:q} > {log} 2>&1"
