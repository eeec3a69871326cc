# Rewarded Soups (arXiv 2306.04488): θ(λ) = Σᵢ λᵢ θᵢ of experts θᵢ, each trained on one reward.
# Needs policies and their scores; makes rewarded_soups/: the front and what holds of the claims, and
# any soup as a model. MORL, a policy trained per preference, and the ensemble of the experts'
# logits are what it is compared with, from the same start, at the same steps and seeds.
#
# Deviations: 1 to 3 of policy.smk. 4. The claims are on the reward models that were trained on, as in the paper; what
# the gold reward says of each point stands beside it in the front's table.

SEEDS = value("seeds")
UNITS = {
    "label": "sd of the human label",
    "function": "as the function gives it",
    "classifier": "as the classifier gives it",
    "ensemble": "sd over samples of the SFT model",
}
PAIR = value("rewarded_soups.rewards")
TRIPLE = value("rewarded_soups.simplex_rewards")
EXPERTS = list(dict.fromkeys(PAIR + TRIPLE))
MORL = between(PAIR, value("rewarded_soups.preferences"))
SIMPLEX = [mixture_name(weights) for weights in simplex(TRIPLE, value("rewarded_soups.simplex_divisions"))]
UNIFORM = mixture_name(dict.fromkeys(TRIPLE, 1 / len(TRIPLE)))
ALONG = between(PAIR, value("rewarded_soups.weights"))
SOUPS = list(dict.fromkeys([*ALONG, *MORL, *SIMPLEX, UNIFORM]))
POLICIES = EXPERTS + MORL
POINTS = [
    *(point("soup", mixture, POLICIES, mixture_weights(mixture)) for mixture in SOUPS),
    *(point("ensemble", mixture, POLICIES, mixture_weights(mixture), of="logits") for mixture in MORL),
    *(point("morl", mixture, POLICIES, {mixture: 1.0}) for mixture in MORL),
]


use rule evaluate as rewarded_soups_scores with:
    input:
        reward_files(config["rewards"]),
        code("scripts/evaluate.py"),
        lora_base(),
        policies=[f"{RESULTS}/policy/{name}/seed-{{seed}}" for name in POLICIES],
        reference=f"{RESULTS}/{value('policy.start')}",
        gold=gold_files(),
        snippets=rules.snippets.output.snippets,
    output:
        f"{RESULTS}/scores/rewarded_soups/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/rewarded_soups_scores/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/rewarded_soups_scores/seed-{{seed}}.tsv"
    params:
        settings=evaluation_settings(POINTS),
        derived_from=settings(
            *all_reward_keys(), "evaluation.prompts", *(f"rewarded_soups.{key}" for key in config["rewarded_soups"])
        ),


rule rewarded_soups_claims:
    input:
        code("scripts/rewarded_soups_claims.py"),
        scores=expand(rules.rewarded_soups_scores.output, seed=SEEDS),
        sft=expand(rules.evaluate.output, seed=SEEDS),
    output:
        front=f"{RESULTS}/rewarded_soups/front.csv",
        chord=f"{RESULTS}/rewarded_soups/chord.csv",
        hypervolume=f"{RESULTS}/rewarded_soups/hypervolume.csv",
        preference=f"{RESULTS}/rewarded_soups/preference.csv",
        balance=f"{RESULTS}/rewarded_soups/balance.csv",
    log:
        f"{RESULTS}/logs/rewarded_soups_claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/rewarded_soups_claims.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=settings(
            "rewarded_soups.rewards",
            "rewarded_soups.weights",
            "rewarded_soups.preferences",
            "rewarded_soups.simplex_rewards",
            "evaluation.resamples",
            "policy.start",
            columns=[*config["rewards"], "gold"],
        ),
        derived_from=settings("rewards", "seeds"),
    shell:
        "python -m scripts.rewarded_soups_claims --scores {input.scores} --sft {input.sft}"
        " --front {output.front} --chord {output.chord} --hypervolume {output.hypervolume}"
        " --preference {output.preference} --balance {output.balance}"
        " --settings {params.settings:q} > {log} 2>&1"


rule rewarded_soups_samples:
    input:
        code("scripts/rewarded_soups_samples.py"),
        scores=expand(rules.rewarded_soups_scores.output, seed=SEEDS[0]),
        snippets=rules.snippets.output.snippets,
    output:
        samples=f"{RESULTS}/rewarded_soups/samples.csv",
    log:
        f"{RESULTS}/logs/rewarded_soups_samples.log",
    benchmark:
        f"{RESULTS}/benchmarks/rewarded_soups_samples.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=settings(
            "rewarded_soups.rewards",
            "rewarded_soups.weights",
            "data.prompt_words",
            "data.left_out",
            prompts_held_out=value("evaluation.prompts"),
        ),
        derived_from=settings("evaluation.prompts", "seeds"),
    shell:
        "python -m scripts.rewarded_soups_samples --scores {input.scores} --snippets {input.snippets}"
        " --samples {output.samples} --settings {params.settings:q} > {log} 2>&1"


# Any soup as a model: snakemake results/nano/rewarded_soups/model/seed-1/editorial=0.7+positivity=0.3
use rule soup as rewarded_soups_model with:
    input:
        code("scripts/soup.py"),
        lora_base(),
        policies=lambda wildcards: [
            f"{RESULTS}/policy/{name}/seed-{wildcards.seed}" for name in mixture_weights(wildcards.mixture)
        ],
    output:
        model=directory(f"{RESULTS}/rewarded_soups/model/seed-{{seed}}/{{mixture}}"),
    log:
        f"{RESULTS}/logs/rewarded_soups_model/seed-{{seed}}/{{mixture}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/rewarded_soups_model/seed-{{seed}}/{{mixture}}.tsv"
    params:
        settings=lambda wildcards: settings(coefficients=list(mixture_weights(wildcards.mixture).values())),


rule rewarded_soups_figures:
    input:
        code("scripts/rewarded_soups_figures.py"),
        **{name: rules.rewarded_soups_claims.output[name] for name in ("front", "chord", "balance")},
    output:
        figures=directory(f"{RESULTS}/rewarded_soups/figures"),
    log:
        f"{RESULTS}/logs/rewarded_soups_figures.log",
    benchmark:
        f"{RESULTS}/benchmarks/rewarded_soups_figures.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=settings(
            "rewarded_soups.rewards",
            "rewarded_soups.simplex_rewards",
            "figures.width",
            "figures.dpi",
            units={
                name: next(unit for kind, unit in UNITS.items() if kind in spec)
                for name, spec in config["rewards"].items()
            },
        ),
        derived_from=settings("rewards"),
    shell:
        "python -m scripts.rewarded_soups_figures --front {input.front} --chord {input.chord}"
        " --balance {input.balance} --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"


FRONT = rules.rewarded_soups_claims.output.front
PLOTS["rewarded soups: front"] = {"template": "scatter", "x": {FRONT: PAIR[0]}, "y": {FRONT: PAIR[1]}}
PLOTS |= {
    f"{name} along training": {
        "x": "step",
        "y": {path: name for path in expand(rules.policy.output.history, mixture=name, seed=SEEDS)},
    }
    for name in EXPERTS
}
PLOTS |= {f"{rules.rewarded_soups_figures.output.figures}/{name}.png": None for name in ("front", "chord", "simplex")}
