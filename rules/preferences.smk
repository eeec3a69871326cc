# Rewards that learn from pairs of answers of which people prefer one, by the Bradley–Terry model: θ_pre with one head, K
# heads, or K models.
# Needs base/ and the pairs; makes preferences/{reward}: the pairs by split, models, and how well they tell held-out
# pairs apart.

from lib.graph.preferences import PreferenceRewards

preferred = PreferenceRewards(experiment)
PREFERRED = f"{RESULTS}/preferences/{{reward}}"


rule preference_pairs:
    input:
        code("scripts/preference_pairs.py"),
        base=[] if preferred.chat is None else rules.base.output.model,
        given=preferred.given,
    output:
        pairs=f"{PREFERRED}/pairs.jsonl",
        report=f"{PREFERRED}/pairs.json",
    log:
        f"{RESULTS}/logs/preferences/{{reward}}/pairs.log",
    resources:
        **SMALL,
    params:
        settings=preferred.reading,
        derived_from=preferred.reading_keys,
    shell:
        "python -m scripts.preference_pairs --base {input.base} --given {input.given} --pairs {output.pairs}"
        " --report {output.report} --settings {params.settings:q} > {log} 2>&1"


rule preference_model:
    input:
        code("scripts/preference_model.py"),
        base=rules.base.output.model,
        pairs=rules.preference_pairs.output.pairs,
        fits=FITS,
    output:
        model=directory(f"{PREFERRED}/model-{{number}}"),
        report=f"{PREFERRED}/model-{{number}}.json",
        held_out=f"{PREFERRED}/model-{{number}}.csv",
    log:
        f"{RESULTS}/logs/preferences/{{reward}}/model-{{number}}.log",
    retries: ask.retries
    threads: ask.processes
    resources:
        **ask.training(
            batch=2 * value("reward_model.batch_size") // value("reward_model.parts"),
            texts=2 * value("reward_model.epochs") * TEXTS,
            passes=3,
        ),
    params:
        settings=preferred.training,
        derived_from=preferred.training_keys,
    shell:
        "{resources.launch} scripts.preference_model --base {input.base} --pairs {input.pairs} --model {output.model}"
        " --report {output.report} --held_out {output.held_out} --checkpoint-every {resources.checkpoint_every}"
        " --made-of {input} --settings {params.settings:q} > {log} 2>&1"


rule preference_findings:
    input:
        code("scripts/preference_findings.py"),
        pairs=rules.preference_pairs.output.report,
        reports=lambda wildcards: [f"{model}.json" for model in preferred.models(wildcards)],
        held_out=lambda wildcards: [f"{model}.csv" for model in preferred.models(wildcards)],
    output:
        findings=f"{PREFERRED}/findings.json",
    log:
        f"{RESULTS}/logs/preferences/{{reward}}/findings.log",
    resources:
        **SMALL,
    params:
        settings=preferred.findings,
        derived_from=preferred.findings_keys,
    shell:
        "python -m scripts.preference_findings --pairs {input.pairs} --reports {input.reports}"
        " --held_out {input.held_out} --findings {output.findings} --settings {params.settings:q} > {log} 2>&1"


if preferred.specs:
    REPORT["preferences"] = {
        "files": {name: expand(rules.preference_findings.output.findings, reward=name)[0] for name in preferred.specs},
        "keys": [],
    }


SHOWN = {  # in the report, of what all papers share
    "data": rules.snippets.output.report,
    "base": rules.base.output.report,
    "sft": expand(rules.sft.output.report, number=SEED_OF_SFT),
    "agreement": [
        *expand(rules.reward.output.report, reward=rewards.labelled),
        *([rules.gold.output.report] if rewards.gold_is_fitted else []),
    ],
}
