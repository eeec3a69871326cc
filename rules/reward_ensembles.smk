# Scalable Ensembling (arXiv 2406.01013) by the protocol of Coste et al. (arXiv 2310.02743): the gold reward labels pairs of
# the SFT model's own samples, a share of them wrongly; proxies learn from the pairs alone: one model, K models, K heads
# on one encoder. Best-of-n and RL maximise the members' mean, worst case or mean − c·variance.
# Needs the base and the SFT model, the gold reward and snippets; makes reward_ensembles/: preferences, proxies, best-of-n,
# policies, comparisons. `snakemake reward_ensembles` adds reward_ensembles/more: the other proxies, aggregates and β.
#
# Policies are trained on prompts of the validation split, so that rewards along training are on prompts that neither
# gold nor proxies have learned from. At the end policies are scored on prompts of the test split.
#
# Deviations: 1. to 3. of policy.smk. 4. The gold reward is a linear model that learned from people, where the paper's is a
# larger reward model. 5. Proxies start from θ_pre and are as large as the policy. 6. 6,000 pairs, less those with equal
# gold rewards, where Coste et al. have 46,000. 7. Each member is standardised before it is aggregated, so c is in
# standard deviations, not in units of the Bradley–Terry loss. 8. The models that WARM averages share θ_pre, but each
# has a head of its own at the start.
#
# Longer than other rules files, because the paper has ten kinds of jobs.

from lib.reward_models.proxies import COEFFICIENTS

ensembles = papers["reward_ensembles"]
ENSEMBLES = ensembles.folder
PROXY = f"{ENSEMBLES}/proxy/{{proxy}}/flipped-{{flipped}}/seed-{{seed}}"
WARM = f"{ENSEMBLES}/proxy/{{warm}}/flipped-{{flipped}}/seed-{{seed}}"
ON_PROXY = f"{ENSEMBLES}/policy/{{ensemble}}/{{aggregate}}/flipped-{{flipped}}/beta-{{beta}}/seed-{{seed}}"
BEST_OF_N_SAMPLES = value("reward_ensembles.samples_per_prompt") * value("reward_ensembles.best_of_prompts")


wildcard_constraints:
    proxy=r"(frozen_)?heads-\d(-bootstrap)?",
    warm=r"warm-\d(-bootstrap)?",
    ensemble=r"(single|models|heads|frozen_heads|warm)-\d(-bootstrap)?",
    aggregate="mean|worst_case|uncertainty_weighted|soft_min",
    flipped=r"[0-9.e-]+",


rule reward_ensembles:
    input:
        expand(f"{ENSEMBLES}/more/{{made}}", made=["figures", "report.md"]),


rule preferences:
    input:
        code("scripts/preferences.py"),
        BASE_OF_LORA,
        policy=START,
        gold=rewards.gold_files(),
        snippets=SNIPPETS,
        fits=FITS,
    output:
        preferences=f"{ENSEMBLES}/preferences.jsonl",
    log:
        f"{RESULTS}/logs/preferences.log",
    retries: ask.retries
    resources:
        mem_mb=ask.memory(frozen=1, sampled=value("evaluation.at_once")),
        runtime=ask.duration(
            texts=2 * (value("reward_ensembles.pairs") + value("reward_ensembles.held_out_pairs")), passes=2
        ),
        gpu=ask.gpu,
    params:
        settings=settings(
            "reward_ensembles.pairs",
            "reward_ensembles.held_out_pairs",
            "data.prompt_words",
            "data.left_out",
            "policy.max_new_tokens",
            "policy.temperature",
            "evaluation.at_once",
            "compute",
            judge=rewards.gold(),
        ),
        derived_from=settings("policy.start", *rewards.gold_keys()),
    shell:
        "python -m scripts.preferences --policy {input.policy} --snippets {input.snippets}"
        " --preferences {output.preferences} --settings {params.settings:q} > {log} 2>&1"


rule proxy:
    input:
        code("scripts/proxy.py"),
        base=rules.base.output.model,
        preferences=rules.preferences.output.preferences,
        snippets=SNIPPETS,
    output:
        model=directory(PROXY),
        report=f"{PROXY}.json",
        held_out=f"{PROXY}.csv",
    log:
        f"{RESULTS}/logs/proxy/{{proxy}}/flipped-{{flipped}}/seed-{{seed}}.log",
    retries: ask.retries
    threads: ask.processes
    resources:
        **ask.training(
            batch=2 * value("reward_ensembles.batch_size") // value("reward_ensembles.parts"),
            texts=2 * value("reward_ensembles.epochs") * value("reward_ensembles.pairs"),
            passes=3,
        ),
    params:
        settings=ensembles.proxy_settings,
    shell:
        "{resources.launch} scripts.proxy --base {input.base} --preferences {input.preferences} --snippets {input.snippets}"
        " --model {output.model} --report {output.report} --held_out {output.held_out}"
        " --checkpoint-every {resources.checkpoint_every} --made-of {input} --settings {params.settings:q} > {log} 2>&1"


# The mean of the weights of K models is one more proxy (WARM, arXiv 2401.12187).
rule warm:
    input:
        code("scripts/warm.py"),
        BASE_OF_LORA,
        proxies=ensembles.averaged,
        preferences=rules.preferences.output.preferences,
        snippets=SNIPPETS,
    output:
        model=directory(WARM),
        report=f"{WARM}.json",
        held_out=f"{WARM}.csv",
    log:
        f"{RESULTS}/logs/warm/{{warm}}/flipped-{{flipped}}/seed-{{seed}}.log",
    resources:
        mem_mb=ask.memory(frozen=ask.models_of_rewards),
        runtime=ask.duration(texts=2 * value("reward_ensembles.held_out_pairs")),
        gpu=ask.gpu,
    params:
        settings=ensembles.warm_settings,
    shell:
        "python -m scripts.warm --proxies {input.proxies} --preferences {input.preferences} --snippets {input.snippets}"
        " --model {output.model} --report {output.report} --held_out {output.held_out}"
        " --settings {params.settings:q} > {log} 2>&1"


rule best_of_n_samples:
    input:
        code("scripts/best_of_n_samples.py"),
        BASE_OF_LORA,
        policy=START,
        gold=rewards.gold_files(),
        snippets=SNIPPETS,
        fits=FITS,
    output:
        samples=f"{ENSEMBLES}/best_of_n/samples.jsonl",
    log:
        f"{RESULTS}/logs/best_of_n_samples.log",
    retries: ask.retries
    resources:
        mem_mb=ask.memory(frozen=1, sampled=value("evaluation.at_once")),
        runtime=ask.duration(texts=BEST_OF_N_SAMPLES, passes=2),
        gpu=ask.gpu,
    params:
        settings=settings(
            "reward_ensembles.samples_per_prompt",
            "reward_ensembles.best_of_prompts",
            "data.prompt_words",
            "data.left_out",
            "policy.max_new_tokens",
            "policy.temperature",
            "evaluation.at_once",
            "compute",
            judge=rewards.gold(),
        ),
        derived_from=settings("policy.start", *rewards.gold_keys()),
    shell:
        "python -m scripts.best_of_n_samples --policy {input.policy} --snippets {input.snippets}"
        " --samples {output.samples} --settings {params.settings:q} > {log} 2>&1"


rule best_of_n:
    input:
        code("scripts/best_of_n.py"),
        BASE_OF_LORA,
        samples=rules.best_of_n_samples.output.samples,
        proxies=lambda wildcards: ensembles.proxies(wildcards.study, wildcards.seed),
    output:
        curves=f"{ENSEMBLES}/best_of_n/{{study}}/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/best_of_n/{{study}}/seed-{{seed}}.log",
    retries: ask.retries
    resources:
        mem_mb=ask.memory(frozen=ask.models_of_rewards),
        runtime=ask.duration(
            texts=BEST_OF_N_SAMPLES,
            passes=len(ensembles.proxies("more", 0)),
        ),
        gpu=ask.gpu,
    params:
        settings=lambda wildcards: settings(
            "compute",
            sources=ensembles.sources(wildcards.study, wildcards.seed),
            most=value("reward_ensembles.best_of"),
        ),
        derived_from=lambda wildcards: settings(
            "reward_ensembles.best_of", "reward_ensembles.coefficient", *ensembles.keys(wildcards.study)
        ),
    shell:
        "python -m scripts.best_of_n --samples {input.samples} --proxies {input.proxies} --curves {output.curves}"
        " --settings {params.settings:q} > {log} 2>&1"


use rule policy as reward_ensembles_policy with:
    input:
        code("scripts/policy.py"),
        BASE_OF_LORA,
        lambda wildcards: ensembles.folders(ensembles.ensemble_of(wildcards), wildcards.seed),
        **TRAINED_ON,
        start=START,
        anchor=START,
        gold=rewards.gold_files(),
    output:
        **NO_AVERAGES,
        model=directory(ON_PROXY),
        history=f"{ON_PROXY}.json",
    log:
        f"{RESULTS}/logs/reward_ensembles_policy/{{ensemble}}/{{aggregate}}/flipped-{{flipped}}/beta-{{beta}}/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: policy_settings(
            experiment,
            {
                "proxy": ensembles.source(ensembles.ensemble_of(wildcards), wildcards.seed) | {"weight": 1},
                "gold": rewards.gold() | {"weight": 0},
            },
            "reward_ensembles.steps",
            split="validation",
            beta=float(wildcards.beta),
            mu=0.0,
            seed=int(wildcards.seed),
        ),
        derived_from=lambda wildcards: settings(
            "policy.start",
            *rewards.gold_keys(),
            *([COEFFICIENTS[wildcards.aggregate]] if wildcards.aggregate in COEFFICIENTS else []),
        ),


use rule evaluate as reward_ensembles_scores with:
    input:
        code("scripts/evaluate.py"),
        BASE_OF_LORA,
        **JUDGED_WITH,
        policies=lambda wildcards: ensembles.scored(wildcards.study, wildcards.seed),
    output:
        f"{RESULTS}/scores/reward_ensembles/{{study}}/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/reward_ensembles_scores/{{study}}/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: evaluation_settings(rewards, ensembles.points(wildcards.study), names=[])(wildcards),
        derived_from=lambda wildcards: settings(
            "policy.start",
            "evaluation.prompts",
            "evaluation.path",
            *rewards.gold_keys(),
            *ensembles.keys(wildcards.study),
        ),


rule reward_ensembles_claims:
    input:
        code("scripts/reward_ensembles_claims.py"),
        lambda wildcards: every(ensembles.histories(wildcards.study)),
        lambda wildcards: every(ensembles.proxy_files(wildcards.study, ".json")),
        lambda wildcards: every(ensembles.proxy_files(wildcards.study, ".csv")),
        scores=lambda wildcards: expand(rules.reward_ensembles_scores.output, study=wildcards.study, seed=SEEDS),
        curves=lambda wildcards: expand(rules.best_of_n.output, study=wildcards.study, seed=SEEDS),
    output:
        evidence=directory(f"{ENSEMBLES}/{{study}}/evidence"),
        policies=shown(f"{ENSEMBLES}/{{study}}/policies.csv"),
        training=shown(f"{ENSEMBLES}/{{study}}/training.csv"),
        comparisons=shown(f"{ENSEMBLES}/{{study}}/comparisons.csv"),
        best_of_n=shown(f"{ENSEMBLES}/{{study}}/best_of_n.csv"),
        proxies=shown(f"{ENSEMBLES}/{{study}}/proxies.csv"),
        reliability=f"{ENSEMBLES}/{{study}}/reliability.csv",
    log:
        f"{RESULTS}/logs/reward_ensembles_claims/{{study}}.log",
    resources:
        **SMALL,
    params:
        settings=lambda wildcards: settings(
            "seeds",
            compared=ensembles.compared(wildcards.study),
            trainings=ensembles.histories(wildcards.study),
            agreement=ensembles.proxy_files(wildcards.study, ".json"),
            held_out=ensembles.proxy_files(wildcards.study, ".csv"),
        ),
        derived_from=lambda wildcards: settings(
            "policy.start", "evaluation.path", "evaluation.margin", *ensembles.keys(wildcards.study)
        ),
    shell:
        "python -m scripts.reward_ensembles_claims --scores {input.scores} --curves {input.curves}"
        " --evidence {output.evidence} --policies {output.policies} --training {output.training}"
        " --comparisons {output.comparisons} --best_of_n {output.best_of_n} --proxies {output.proxies} --reliability {output.reliability}"
        " --settings {params.settings:q} > {log} 2>&1"


rule reward_ensembles_figures:
    input:
        code("scripts/reward_ensembles_figures.py"),
        **{
            name: rules.reward_ensembles_claims.output[name]
            for name in ("evidence", "policies", "best_of_n", "reliability")
        },
    output:
        figures=shown_figures(f"{ENSEMBLES}/{{study}}/figures"),
    log:
        f"{RESULTS}/logs/reward_ensembles_figures/{{study}}.log",
    resources:
        **SMALL,
    params:
        settings=settings("figures.width", "figures.dpi"),
    shell:
        "python -m scripts.reward_ensembles_figures --evidence {input.evidence} --policies {input.policies}"
        " --best_of_n {input.best_of_n} --reliability {input.reliability} --figures {output.figures}"
        " --settings {params.settings:q} > {log} 2>&1"


rule reward_ensembles_report:
    input:
        code("scripts/reward_ensembles_report.py"),
        evidence=expand(rules.reward_ensembles_claims.output.evidence, study="more"),
        figures=expand(rules.reward_ensembles_figures.output, study="more"),
        tables=[
            expand(rules.reward_ensembles_claims.output[name], study="more")
            for name in ("policies", "training", "comparisons", "best_of_n", "proxies")
        ],
    output:
        report=f"{ENSEMBLES}/more/report.md",
    log:
        f"{RESULTS}/logs/reward_ensembles_report.log",
    resources:
        **SMALL,
    shell:
        "python -m scripts.reward_ensembles_report --evidence {input.evidence} --tables {input.tables}"
        " --figures {input.figures} --report {output.report} > {log} 2>&1"


EVIDENCE["reward_ensembles"] = expand(rules.reward_ensembles_claims.output.evidence, study="main")[0]
SAMPLES["reward_ensembles"] = {
    "scores": expand(rules.reward_ensembles_scores.output, study="main", seed=SEEDS[0]),
    "paths": ensembles.paths("main"),
    "rewards": ["gold"],
    "keys": ["policy.start", *ensembles.keys("main")],
}
REPORT["reward_ensembles"] = {
    "files": {
        name: expand(path, study="main")[0]
        for name, path in [
            *rules.reward_ensembles_claims.output.items(),
            *rules.reward_ensembles_figures.output.items(),
        ]
    },
    "keys": [],
}
PAGE["reward_ensembles"] = {
    "evidence": EVIDENCE["reward_ensembles"],
    "figures": expand(rules.reward_ensembles_figures.output.figures, study="main")[0],
}
PLOTS |= {f"{ENSEMBLES}/main/figures/{name}.png": None for name in ("training_kl", "best_of_n", "calibration")}
