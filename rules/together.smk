# Methods together, which no paper shows: WARP's moving anchor (arXiv 2406.16768), with SALSA's soup of the SFT pair as the
# start (arXiv 2411.01798), on a pessimistic reward (arXiv 2406.01013), souped over two rewards (arXiv 2306.04488).
# Needs the SFT pair and its soup, three rewards, the gold reward and snippets; makes together/: policies, fronts, claims.
#
# Variants: plain (start and anchor θ_sft1, the plain reward), three that change one thing each, and all changes together.
# Each has an expert for either axis, trained for policy.steps with the same seeds; those that are alike are one policy,
# and where start and anchor are θ_sft1 it is that of policy.smk. KL is to θ_sft1, wherever a policy starts.
#
# Deviations: 1. to 3. of policy.smk. 4. WARP's one iteration with one policy for each reward, merged by LERP as Rewarded
# Soups does. 5. In SALSA the policy starts at θ_sft1, and the soup is the anchor alone; here a policy starts at its anchor.

together = papers["together"]
TOGETHER = f"{RESULTS}/together/policy/{{way}}/{{reward}}/seed-{{seed}}"


wildcard_constraints:
    way="moving_anchor|soup_as_start|both",


use rule policy as together_policy with:
    input:
        lambda wildcards: rewards.files([wildcards.reward]),
        code("scripts/policy.py"),
        BASE_OF_LORA,
        **TRAINED_ON,
        start=together.start,
        anchor=together.start,
    output:
        **NO_AVERAGES,
        model=directory(TOGETHER),
        history=f"{TOGETHER}.json",
    log:
        f"{RESULTS}/logs/together_policy/{{way}}/{{reward}}/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: together.training(rewards, wildcards),
        derived_from=lambda wildcards: settings(*rewards.keys(wildcards.reward)),


use rule evaluate as together_scores with:
    input:
        rewards.files(),
        code("scripts/evaluate.py"),
        BASE_OF_LORA,
        **JUDGED_WITH,
        policies=[f"{RESULTS}/{name}" for name in together.models],
    output:
        f"{RESULTS}/scores/together/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/together_scores/seed-{{seed}}.log",
    params:
        settings=evaluation_settings(rewards, together.points),
        derived_from=settings(*rewards.all_keys(), "evaluation.prompts", "evaluation.path", *together.keys),


rule together_claims:
    input:
        code("scripts/together_claims.py"),
        scores=expand(rules.together_scores.output, seed=SEEDS),
    output:
        evidence=directory(f"{RESULTS}/together/evidence"),
        front=shown(f"{RESULTS}/together/front.csv"),
        comparisons=shown(f"{RESULTS}/together/comparisons.csv"),
    log:
        f"{RESULTS}/logs/together_claims.log",
    resources:
        **SMALL,
    params:
        settings=settings("seeds", compared=together.compared(rewards.units())),
        derived_from=settings("rewards", "gold", "evaluation.path", "evaluation.margin", *together.keys),
    shell:
        "python -m scripts.together_claims --scores {input.scores} --evidence {output.evidence}"
        " --front {output.front} --comparisons {output.comparisons}"
        " --settings {params.settings:q} > {log} 2>&1"


rule together_figures:
    input:
        code("scripts/together_figures.py"),
        evidence=rules.together_claims.output.evidence,
        front=rules.together_claims.output.front,
    output:
        figures=shown_figures(f"{RESULTS}/together/figures"),
    log:
        f"{RESULTS}/logs/together_figures.log",
    resources:
        **SMALL,
    params:
        settings=settings("figures.width", "figures.dpi"),
    shell:
        "python -m scripts.together_figures --evidence {input.evidence} --front {input.front}"
        " --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"


EVIDENCE["together"] = rules.together_claims.output.evidence
SAMPLES["together"] = {
    "scores": expand(rules.together_scores.output, seed=SEEDS[0]),
    "paths": together.paths(),
    "rewards": ["gold", value("together.second")],
    "keys": together.keys,
}
REPORT["together"] = {
    "files": dict(rules.together_claims.output.items()) | dict(rules.together_figures.output.items()),
    "keys": [],
}
PAGE["together"] = {
    "evidence": rules.together_claims.output.evidence,
    "figures": rules.together_figures.output.figures,
}
PLOTS |= {f"{rules.together_figures.output.figures}/{name}.png": None for name in ("front", "kl")}
