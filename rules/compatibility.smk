# When is a soup enough? Rewarded Soups (arXiv 2306.04488) on several pairs of rewards: what soups reach of what MORL
# reaches, against how compatible two rewards are.
# Needs policies and their scores; makes compatibility/: a table with a row for each pair, the claims, and figures. A
# policy that several pairs have is trained once, by the rule policy.
#
# Deviations: 1 to 3 of policy.smk.

compatibility = papers["compatibility"]


wildcard_constraints:
    pair=f"{NAME}-{NAME}",


use rule evaluate as compatibility_scores with:
    input:
        lambda wildcards: rewards.files(compatibility.pairs[wildcards.pair]),
        code("scripts/evaluate.py"),
        BASE_OF_LORA,
        **JUDGED_WITH,
        policies=lambda wildcards: compatibility.models(wildcards.pair, wildcards.seed),
    output:
        f"{RESULTS}/scores/compatibility/{{pair}}/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/compatibility_scores/{{pair}}/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: evaluation_settings(
            rewards, compatibility.points(wildcards.pair), names=compatibility.pairs[wildcards.pair]
        )(wildcards),
        # not of the list of pairs: one that is added leaves the scores of the others as they are
        derived_from=lambda wildcards: settings(
            *rewards.keys(compatibility.halves(wildcards.pair)),
            *rewards.gold_keys(),
            "evaluation.prompts",
            "evaluation.path",
            "compatibility.weights",
            "compatibility.preferences",
        ),


rule compatibility_claims:
    input:
        code("scripts/compatibility_claims.py"),
        every(compatibility.score_files()),
        sft=expand(rules.evaluate.output, seed=SEEDS),
    output:
        evidence=directory(f"{RESULTS}/compatibility/evidence"),
        map=shown(f"{RESULTS}/compatibility/map.csv"),
    log:
        f"{RESULTS}/logs/compatibility_claims.log",
    resources:
        **SMALL,
    params:
        settings=settings("seeds", pairs=compatibility.score_files(), compared=compatibility.compared()),
        derived_from=settings(
            "policy.start",
            "evaluation.path",
            "evaluation.margin",
            "compatibility.pairs",
            "compatibility.weights",
            "compatibility.preferences",
        ),
    shell:
        "python -m scripts.compatibility_claims --sft {input.sft} --evidence {output.evidence} --map {output.map}"
        " --settings {params.settings:q} > {log} 2>&1"


rule compatibility_figures:
    input:
        code("scripts/compatibility_figures.py"),
        evidence=rules.compatibility_claims.output.evidence,
        map=rules.compatibility_claims.output.map,
    output:
        figures=shown_figures(f"{RESULTS}/compatibility/figures"),
    log:
        f"{RESULTS}/logs/compatibility_figures.log",
    resources:
        **SMALL,
    params:
        settings=settings("figures.width", "figures.dpi"),
    shell:
        "python -m scripts.compatibility_figures --evidence {input.evidence} --map {input.map}"
        " --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"


EVIDENCE["compatibility"] = rules.compatibility_claims.output.evidence
REPORT["compatibility"] = {
    "files": {
        "map": rules.compatibility_claims.output.map,
        "figures": rules.compatibility_figures.output.figures,
    },
    "keys": [],
}
PAGE["compatibility"] = {
    "evidence": rules.compatibility_claims.output.evidence,
    "figures": rules.compatibility_figures.output.figures,
}
PLOTS |= {f"{rules.compatibility_figures.output.figures}/{name}.png": None for name in ("map", "gaps")}
