# Scores on held-out prompts: every reward and KL to θ_sft, a row per prompt.
# Needs policies; makes scores/sft/seed-{seed}.csv of the SFT pair and its soup, what every paper
# compares with. A paper's own scores are the same rule with its policies and points.

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


def point(method, name, policies, weights, of="weights"):
    """What is scored: policies combined in weight space, or of="logits", with weights by policy."""
    return {
        "method": method,
        "mixture": name,
        "of": of,
        "weights": [weights.get(policy, 0.0) for policy in policies],
    }


rule evaluate:
    input:
        reward_files(config["rewards"]),
        code("scripts/evaluate.py"),
        policies=[f"{RESULTS}/{name}" for name in SFT],
        reference=f"{RESULTS}/{value('policy.start')}",
        snippets=rules.snippets.output.snippets,
    output:
        f"{RESULTS}/scores/sft/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/evaluate/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/seed-{{seed}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=evaluation_settings([point("sft", name, SFT, {name: 1.0}) for name in SFT]),
    shell:
        "python -m scripts.evaluate --policies {input.policies} --reference {input.reference}"
        " --snippets {input.snippets} --scores {output} --settings {params.settings:q} > {log} 2>&1"
