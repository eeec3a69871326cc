# Scores on held-out prompts: every reward and KL to θ_sft, a row per prompt.
# Needs policies; makes scores/policies/seed-{seed}.csv of the SFT models and of MORL. The scores of
# combinations of policies are the same rule with other points (see rewarded_soups.smk).

SFT = [f"sft/{number}" for number in SFT_NAMES] + ["sft/soup"]


def evaluation_settings(points):
    """What the script takes: the points, and how they are judged."""
    return lambda wildcards: settings(
        "data.prompt_words",
        "policy.max_new_tokens",
        "policy.temperature",
        "evaluation.kl_estimator",
        prompts_held_out=value("evaluation.prompts"),
        reward={name: reward_source(name) for name in config["rewards"]},
        points=points,
        seed=int(wildcards.seed),
    )


def one_by_one(named):
    """The points that are the policies themselves, of (method, mixture) each."""
    return [
        {
            "method": method,
            "mixture": mixture,
            "of": "weights",
            "weights": [float(i == j) for j in range(len(named))],
        }
        for i, (method, mixture) in enumerate(named)
    ]


rule evaluate:
    input:
        reward_files(config["rewards"]),
        code("scripts/evaluate.py"),
        policies=[f"{RESULTS}/{name}" for name in SFT]
        + [f"{RESULTS}/policy/{mixture}/seed-{{seed}}" for mixture in MORL],
        reference=f"{RESULTS}/sft/1",
        snippets=rules.snippets.output.snippets,
    output:
        f"{RESULTS}/scores/policies/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/evaluate/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/seed-{{seed}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=evaluation_settings(
            one_by_one(
                [("sft", name) for name in SFT] + [("morl", name) for name in MORL]
            )
        ),
    shell:
        "python -m scripts.evaluate --policies {input.policies} --reference {input.reference}"
        " --snippets {input.snippets} --scores {output} --settings {params.settings:q} > {log} 2>&1"
