# Rewarded Soups (arXiv 2306.04488): θ(λ) = Σᵢ λᵢ θᵢ of experts θᵢ, each trained on one reward.
# Needs policies and their scores; makes rewarded_soups/: the front and the claims. soup.smk makes any soup as a model.
# The baselines have the same start, steps and seeds: MORL, a policy trained per preference, and MOD (arXiv
# 2406.18853), which mixes the experts' logits at each token: the ensemble of predictions of the paper's own comparison.
#
# Deviations: 1 to 3 of policy.smk. 4. As in the paper, the claims are on the reward models that were trained on; the
# front's table also has the gold reward of each point. 5. Bone Soups take their B as it is given (bone_soups.beta),
# where the paper chooses it by rules. TIES and DARE trim and drop per tensor, DARE with p = 0.9.
#
# Longer than other rules files, because what else the same policies give is scored apart.

soups = papers["rewarded_soups"]
OTHERS = soups.others
BALANCE = shown(f"{RESULTS}/rewarded_soups/balance.csv") if soups.triple else []  # of three rewards (RS-5)
FACTORS = shown(f"{RESULTS}/rewarded_soups/factors.csv") if OTHERS.candidates else []  # of rescaled soups


use rule evaluate as rewarded_soups_scores with:
    input:
        rewards.files(),
        code(f"scripts/{modality.evaluate}.py"),
        BASE_OF_LORA,
        **JUDGED_WITH,
        policies=lambda wildcards: soups.models(wildcards.seed),
    output:
        f"{RESULTS}/scores/rewarded_soups/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/rewarded_soups_scores/seed-{{seed}}.log",
    params:
        settings=evaluation_settings(rewards, soups.points),
        derived_from=settings(*rewards.all_keys(), "evaluation.prompts", "evaluation.path", *soups.keys),


# What else the policies give: merges, extrapolated and rescaled soups, Bone Soups.
use rule evaluate as rewarded_soups_others with:
    input:
        rewards.files(),
        code(f"scripts/{modality.evaluate}.py"),
        BASE_OF_LORA,
        **JUDGED_WITH,
        policies=lambda wildcards: soups.other_models(wildcards.seed),
    output:
        f"{RESULTS}/scores/rewarded_soups/others/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/rewarded_soups_others/seed-{{seed}}.log",
    params:
        settings=evaluation_settings(rewards, OTHERS.points),
        derived_from=settings(*rewards.all_keys(), "evaluation.prompts", *OTHERS.keys),


# On these prompts the factor of rescaled soups is chosen, and on no others.
use rule rewarded_soups_others as rewarded_soups_validation with:
    output:
        f"{RESULTS}/scores/rewarded_soups/validation/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/rewarded_soups_validation/seed-{{seed}}.log",
    params:
        settings=evaluation_settings(rewards, OTHERS.candidates, split="validation"),
        derived_from=settings(*rewards.all_keys(), "evaluation.prompts", *OTHERS.keys),


OTHER_SCORES = rules.rewarded_soups_others.output if OTHERS.points else []


rule rewarded_soups_claims:
    input:
        code("scripts/rewarded_soups_claims.py"),
        scores=expand(rules.rewarded_soups_scores.output, seed=SEEDS),
        sft=expand(rules.evaluate.output, seed=SEEDS),
        others=expand(OTHER_SCORES, seed=SEEDS),
        validation=expand(rules.rewarded_soups_validation.output if FACTORS else [], seed=SEEDS),
    output:
        evidence=directory(f"{RESULTS}/rewarded_soups/evidence"),
        front=shown(f"{RESULTS}/rewarded_soups/front.csv"),
        chord=shown(f"{RESULTS}/rewarded_soups/chord.csv"),
        hypervolume=shown(f"{RESULTS}/rewarded_soups/hypervolume.csv"),
        preference=shown(f"{RESULTS}/rewarded_soups/preference.csv"),
        balance=BALANCE,
        factors=FACTORS,
    log:
        f"{RESULTS}/logs/rewarded_soups_claims.log",
    resources:
        **SMALL,
    params:
        settings=settings("seeds", compared=soups.compared(rewards.units())),
        derived_from=settings(
            "rewards", "policy.start", "evaluation.path", "evaluation.margin", *soups.keys, *OTHERS.keys
        ),
    shell:
        "python -m scripts.rewarded_soups_claims --scores {input.scores} --sft {input.sft}"
        " --others {input.others} --validation {input.validation} --factors {output.factors}"
        " --evidence {output.evidence} --front {output.front} --chord {output.chord}"
        " --hypervolume {output.hypervolume} --preference {output.preference} --balance {output.balance}"
        " --settings {params.settings:q} > {log} 2>&1"


rule rewarded_soups_samples:
    input:
        code("scripts/rewarded_soups_samples.py"),
        scores=expand([*rules.rewarded_soups_scores.output, *OTHER_SCORES], seed=SEEDS[0]),
        sft=expand(rules.evaluate.output, seed=SEEDS[0]),
        snippets=SNIPPETS,
    output:
        samples=shown(f"{RESULTS}/rewarded_soups/samples.csv"),
        of_points=f"{RESULTS}/rewarded_soups/samples_of_points.csv",
    log:
        f"{RESULTS}/logs/rewarded_soups_samples.log",
    resources:
        **SMALL,
    params:
        settings=settings(
            "rewarded_soups.rewards",
            "rewarded_soups.weights",
            *modality.prompts,
            **modality.no_prompts,
            prompts_held_out=value("evaluation.prompts"),
        ),
        derived_from=settings("evaluation.prompts", "seeds"),
    shell:
        "python -m scripts.rewarded_soups_samples --scores {input.scores} --sft {input.sft} --snippets {input.snippets}"
        " --samples {output.samples} --of_points {output.of_points} --settings {params.settings:q} > {log} 2>&1"


rule rewarded_soups_figures:
    input:
        code("scripts/rewarded_soups_figures.py"),
        **{name: rules.rewarded_soups_claims.output[name] for name in ("evidence", "front", "chord", "balance")},
    output:
        figures=shown_figures(f"{RESULTS}/rewarded_soups/figures"),
    log:
        f"{RESULTS}/logs/rewarded_soups_figures.log",
    resources:
        **SMALL,
    params:
        settings=settings("figures.width", "figures.dpi"),
    shell:
        "python -m scripts.rewarded_soups_figures --evidence {input.evidence} --front {input.front} --chord {input.chord}"
        " --balance {input.balance} --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"


BESIDE = {}  # the authors' front, where it is asked for

if experiment.has("rewarded_soups.released"):

    rule rewarded_soups_released:
        input:
            code("scripts/rewarded_soups_released.py"),
            evidence=rules.rewarded_soups_claims.output.evidence,
        output:
            table=shown(f"{RESULTS}/rewarded_soups/released.csv"),
            figures=directory(f"{RESULTS}/rewarded_soups/released"),
        log:
            f"{RESULTS}/logs/rewarded_soups_released.log",
        resources:
            **SMALL,
        params:
            settings=settings("figures.width", "figures.dpi"),
        shell:
            "python -m scripts.rewarded_soups_released --evidence {input.evidence} --table {output.table}"
            " --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"

    BESIDE["released"] = rules.rewarded_soups_released.output.table
    PLOTS |= {f"{rules.rewarded_soups_released.output.figures}/released.png": None}


EVIDENCE["rewarded_soups"] = rules.rewarded_soups_claims.output.evidence
SAMPLES["rewarded_soups"] = {
    "scores": expand([*rules.rewarded_soups_scores.output, *rules.evaluate.output], seed=SEEDS[0]),
    "paths": soups.paths(),
    "rewards": soups.pair,
    "keys": ["rewarded_soups.rewards", "rewarded_soups.preferences", "policy.start"],
}
REPORT["rewarded_soups"] = {
    "files": dict(rules.rewarded_soups_claims.output.items())
    | {
        "samples": rules.rewarded_soups_samples.output.samples,
        "figures": rules.rewarded_soups_figures.output.figures,
    }
    | BESIDE,
    "keys": [],
}
PAGE["rewarded_soups"] = {
    "evidence": rules.rewarded_soups_claims.output.evidence,
    "samples": rules.rewarded_soups_samples.output.of_points,
    "figures": rules.rewarded_soups_figures.output.figures,
}
FRONT = rules.rewarded_soups_claims.output.front
PLOTS["rewarded soups: front"] = {"template": "scatter", "x": {FRONT: soups.pair[0]}, "y": {FRONT: soups.pair[1]}}
PLOTS |= {
    f"{name} along training": {
        "x": "step",
        "y": {path: name for path in expand(rules.policy.output.history, mixture=name, seed=SEEDS)},
    }
    for name in soups.experts
}
PLOTS |= {
    f"{rules.rewarded_soups_figures.output.figures}/{name}.png": None
    for name in ["front", "chord", *(["simplex"] if soups.triple else []), *(["others"] if OTHERS.points else [])]
}
