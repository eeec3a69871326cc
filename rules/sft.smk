# The SFT pair θ_sft1, θ_sft2, which differ in seed and, by sft.disjoint, in their texts, and their soup (SALSA).
# Needs base/ and the snippets; makes sft/1, sft/2 and sft/soup.

SEED_OF_SFT = {str(i + 1): f"sft.seeds.{i}" for i in range(len(value("sft.seeds")))}  # by model, the key of its seed
SFT = [f"sft/{number}" for number in SEED_OF_SFT] + ["sft/soup"]  # the baselines of every paper


rule sft:
    input:
        code("scripts/sft.py"),
        base=rules.base.output.model,
        snippets=SNIPPETS,
        fits=FITS,
    output:
        model=directory(f"{RESULTS}/sft/{{number}}"),
        report=f"{RESULTS}/sft/{{number}}.json",
    log:
        f"{RESULTS}/logs/sft-{{number}}.log",
    wildcard_constraints:
        number="|".join(SEED_OF_SFT),
    retries: ask.retries
    threads: ask.processes
    resources:
        **ask.training(
            batch=value("sft.batch_size") // value("sft.parts"),
            texts=value("sft.epochs") * value("sft.texts"),
            passes=3,
        ),
    params:
        settings=lambda wildcards: settings(
            "data.prompt_words",
            "data.left_out",
            "sft.texts",
            "sft.epochs",
            "sft.batch_size",
            "sft.parts",
            "sft.learning_rate",
            "sft.warmup_steps",
            "sft.clip_norm",
            "lora",
            "compute",
            half=int(wildcards.number) - 1 if value("sft.disjoint") else None,
            seed=value(SEED_OF_SFT[wildcards.number]),
        ),
        derived_from=lambda wildcards: settings("sft.disjoint", SEED_OF_SFT[wildcards.number]),
    shell:
        "{resources.launch} scripts.sft --base {input.base} --snippets {input.snippets}"
        " --model {output.model} --report {output.report} --checkpoint-every {resources.checkpoint_every} --made-of {input}"
        " --settings {params.settings:q} > {log} 2>&1"


use rule rewarded_soups_model as soup with:
    input:
        code("scripts/soup.py"),
        BASE_OF_LORA,
        policies=expand(f"{RESULTS}/sft/{{number}}", number=SEED_OF_SFT),
    output:
        model=directory(f"{RESULTS}/sft/soup"),
    log:
        f"{RESULTS}/logs/soup.log",
    params:
        settings=settings(coefficients=[1 / len(SEED_OF_SFT) for _ in SEED_OF_SFT]),
