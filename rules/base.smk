# The base model θ_pre with its tokenizer, trained from scratch.
# Needs the snippets; makes base/.


rule base:
    input:
        code("scripts/base.py"),
        snippets=rules.snippets.output.snippets,
    output:
        model=directory(f"{RESULTS}/base"),
        report=f"{RESULTS}/base.json",
    log:
        f"{RESULTS}/logs/base.log",
    benchmark:
        f"{RESULTS}/benchmarks/base.tsv"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings(
            "base.vocabulary",
            "base.hidden_size",
            "base.layers",
            "base.heads",
            "base.context",
            "base.batch_size",
            "base.passes",
            "base.learning_rate",
            "base.seed",
        ),
    # Everything waits for this job, so it takes two threads; whatever --cores allows it is always
    # two, because the last bits of a sum depend on how many threads it was split over.
    shell:
        "OMP_NUM_THREADS=2 MKL_NUM_THREADS=2 python -m scripts.base --snippets {input.snippets}"
        " --model {output.model} --report {output.report} --settings {params.settings:q} > {log} 2>&1"
