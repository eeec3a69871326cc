# The SFT pair θ_sft1, θ_sft2, which differ in seed and data order, and their soup (SALSA).
# Needs base/ and the snippets; makes sft/1, sft/2 and sft/soup.

SFT_NAMES = range(1, len(value("sft.seeds")) + 1)


rule sft:
    input:
        code("scripts/sft.py"),
        base=rules.base.output.model,
        snippets=rules.snippets.output.snippets,
    output:
        model=directory(f"{RESULTS}/sft/{{number}}"),
        report=f"{RESULTS}/sft/{{number}}.json",
    log:
        f"{RESULTS}/logs/sft-{{number}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sft-{{number}}.tsv"
    wildcard_constraints:
        number="|".join(map(str, SFT_NAMES)),
    retries: RETRIES
    threads: PROCESSES
    resources:
        **TRAINING,
        mem_mb=memory(trained=1, texts=value("sft.batch_size") // value("sft.parts"), processes=PROCESSES),
        runtime=duration(texts=value("sft.texts"), passes=3),
    params:
        settings=lambda wildcards: settings(
            "data.prompt_words",
            "data.left_out",
            "sft.texts",
            "sft.batch_size",
            "sft.parts",
            "sft.learning_rate",
            "lora",
            "compute",
            seed=value(seed_key(wildcards.number)),
        ),
        derived_from=lambda wildcards: settings(seed_key(wildcards.number)),
    shell:
        "{resources.launch} scripts.sft --base {input.base} --snippets {input.snippets}"
        " --model {output.model} --report {output.report} --checkpoint-every {resources.checkpoint_every} --made-of {input}"
        " --settings {params.settings:q} > {log} 2>&1"


rule soup:
    input:
        code("scripts/soup.py"),
        lora_base(),
        policies=expand(f"{RESULTS}/sft/{{number}}", number=SFT_NAMES),
    output:
        model=directory(f"{RESULTS}/sft/soup"),
    log:
        f"{RESULTS}/logs/soup.log",
    benchmark:
        f"{RESULTS}/benchmarks/soup.tsv"
    threads: 1
    resources:
        mem_mb=memory(frozen=1),
        runtime=duration(),
    params:
        settings=settings(coefficients=[1 / len(SFT_NAMES) for _ in SFT_NAMES]),
    shell:
        "python -m scripts.soup --policies {input.policies} --model {output.model}"
        " --settings {params.settings:q} > {log} 2>&1"
