# Scores on held-out prompts: every reward, the gold reward and KL to θ_sft, a row per prompt.
# Needs policies; makes scores/sft/seed-{seed}.csv of the SFT pair and its soup, the baselines of every paper.
# Each paper scores its own policies and points by the same rule.

JUDGED_WITH = {"sft": START, "gold": rewards.gold_files(), "snippets": SNIPPETS}


rule evaluate:
    input:
        rewards.files(),
        code(f"scripts/{modality.evaluate}.py"),
        BASE_OF_LORA,
        **JUDGED_WITH,
        policies=[f"{RESULTS}/{name}" for name in SFT],
    output:
        f"{RESULTS}/scores/sft/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/evaluate/seed-{{seed}}.log",
    retries: ask.retries
    resources:
        **ask.scoring(),
    params:
        settings=evaluation_settings(rewards, [point("sft", name, SFT, {name: 1.0}) for name in SFT]),
        derived_from=settings(*rewards.all_keys(), "evaluation.prompts"),
    shell:
        "python -m scripts."
        + modality.evaluate
        + " --policies {input.policies} --sft {input.sft}"
        + modality.given
        + " --scores {output} --settings {params.settings:q} > {log} 2>&1"
