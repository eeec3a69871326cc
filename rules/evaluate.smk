# Scores on held-out prompts: every reward, the gold reward and KL to θ_sft, a row per prompt.
# Needs policies; makes scores/sft/seed-{seed}.csv of the SFT pair and its soup, what every paper
# compares with. A paper's own scores are the same rule with its policies and points.

SFT = [f"sft/{number}" for number in SFT_NAMES] + ["sft/soup"]


rule evaluate:
    input:
        reward_files(config["rewards"]),
        code("scripts/evaluate.py"),
        lora_base(),
        policies=[f"{RESULTS}/{name}" for name in SFT],
        reference=f"{RESULTS}/{value('policy.start')}",
        gold=gold_files(),
        snippets=rules.snippets.output.snippets,
    output:
        f"{RESULTS}/scores/sft/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/evaluate/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/seed-{{seed}}.tsv"
    retries: RETRIES
    threads: 1
    resources:
        mem_mb=scoring_memory,
        runtime=scoring_duration,
        gpu=GPU,
    params:
        settings=evaluation_settings([point("sft", name, SFT, {name: 1.0}) for name in SFT]),
        derived_from=settings(*all_reward_keys(), "evaluation.prompts"),
    shell:
        "python -m scripts.evaluate --policies {input.policies} --reference {input.reference}"
        " --snippets {input.snippets} --scores {output} --settings {params.settings:q} > {log} 2>&1"
