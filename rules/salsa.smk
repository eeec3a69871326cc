# SALSA (arXiv 2411.01798): the reference of the KL term is a soup of two SFT models, α θ_sft1 + (1 − α) θ_sft2, frozen;
# the policy starts at θ_sft1. The baseline is α = 1: the SFT model as the reference.
# Needs the SFT pair, rewards, the gold reward and snippets; makes sft/spread.json, how far the pair is from its soup, and
# salsa/: references, policies, comparisons pair by pair at equal β and at equal KL, win rates within and beyond the
# domains of training. `snakemake salsa` adds salsa/more: several α, another β, the soup as the start, and the plane of
# the SFT models and a policy. KL is to θ_sft1, wherever other policies start.
#
# Deviations: 1. to 3. of policy.smk. 4. Win rates are the gold reward's on held-out prompts, where the paper's come from
# MT-Bench, Arena-Hard and UltraFeedback. 5. The domain left out is one that θ_pre has seen, and that no policy is trained on.
#
# Longer than other rules files, because the paper has ten kinds of jobs.

salsa = papers["salsa"]
SALSA = f"{RESULTS}/salsa/policy/start-{{start}}/alpha-{{alpha}}/beta-{{beta}}/seed-{{seed}}"
SALSA_SCORES = f"{RESULTS}/scores/salsa/{{study}}/{{prompts}}/seed-{{seed}}.csv"
OF_SALSA = {"reward": mixture_weights(value("salsa.reward"))}
SALSA_JUDGED_WITH = JUDGED_WITH | {"sft": f"{RESULTS}/sft/1"}  # also where policy.start is another model


wildcard_constraints:
    alpha=r"[0-9.e-]+",
    start="sft|soup",
    prompts="within|beyond",


rule salsa:
    input:
        expand(f"{RESULTS}/salsa/more/{{made}}", made=["figures", "plane", "report.md"]),


rule sft_spread:
    input:
        code("scripts/spread.py"),
        BASE_OF_LORA,
        sft=expand(f"{RESULTS}/sft/{{number}}", number=SEED_OF_SFT),
        soup=rules.soup.output.model,
        snippets=SNIPPETS,
    output:
        spread=f"{RESULTS}/sft/spread.json",
    log:
        f"{RESULTS}/logs/sft_spread.log",
    retries: ask.retries
    resources:
        mem_mb=ask.memory(frozen=3, sampled=64),
        runtime=ask.duration(texts=400, passes=5),
        gpu=ask.gpu,
    params:
        settings=settings(
            "data.prompt_words",
            "data.left_out",
            "policy.max_new_tokens",
            "policy.temperature",
            "evaluation.kl_estimator",
            "compute",
        ),
    shell:
        "python -m scripts.spread --sft {input.sft} --soup {input.soup} --snippets {input.snippets}"
        " --spread {output.spread} --settings {params.settings:q} > {log} 2>&1"


use rule soup as salsa_reference with:
    input:
        code("scripts/soup.py"),
        BASE_OF_LORA,
        policies=expand(f"{RESULTS}/sft/{{number}}", number=SEED_OF_SFT),
    output:
        model=directory(f"{RESULTS}/salsa/reference/alpha-{{alpha}}"),
    log:
        f"{RESULTS}/logs/salsa_reference/alpha-{{alpha}}.log",
    params:
        settings=lambda wildcards: settings(coefficients=[float(wildcards.alpha), 1 - float(wildcards.alpha)]),


use rule policy as salsa_policy with:
    input:
        rewards.files(OF_SALSA["reward"]),
        code("scripts/policy.py"),
        BASE_OF_LORA,
        **(TRAINED_ON | {"sft": f"{RESULTS}/sft/1"}),
        start=salsa.start,
        anchor=lambda wildcards: salsa.anchor(wildcards.alpha),
        spread=rules.sft_spread.output.spread,  # not read: a pair too near to its soup is to be known before the training
    output:
        **NO_AVERAGES,
        model=directory(SALSA),
        history=f"{SALSA}.json",
    log:
        f"{RESULTS}/logs/salsa_policy/start-{{start}}/alpha-{{alpha}}/beta-{{beta}}/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: policy_settings(
            experiment,
            rewards.of_mixture(value("salsa.reward")),
            "policy.steps",
            beta=float(wildcards.beta),
            mu=0.0,
            seed=int(wildcards.seed),
        ),
        derived_from=settings(*rewards.keys(value("salsa.reward"))),


use rule evaluate as salsa_scores with:
    input:
        rewards.files(),
        code("scripts/evaluate.py"),
        BASE_OF_LORA,
        **SALSA_JUDGED_WITH,
        policies=lambda wildcards: salsa.models(salsa.scored(wildcards.study), wildcards.seed),
    output:
        SALSA_SCORES,
    log:
        f"{RESULTS}/logs/salsa_scores/{{study}}/{{prompts}}/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: evaluation_settings(
            rewards, salsa.points(wildcards.study), within=wildcards.prompts == "within"
        )(wildcards),
        derived_from=lambda wildcards: settings(
            *rewards.all_keys(), "evaluation.prompts", "evaluation.path", *salsa.keys(wildcards.study)
        ),


rule salsa_claims:
    input:
        code("scripts/salsa_claims.py"),
        lambda wildcards: every(salsa.score_files(wildcards.study, "within")),
        lambda wildcards: every(salsa.score_files(wildcards.study, "beyond")),
        lambda wildcards: every(salsa.histories(wildcards.study)),
        sft=expand(rules.evaluate.output, seed=SEEDS),
        sft_spread=rules.sft_spread.output.spread,
    output:
        evidence=directory(f"{RESULTS}/salsa/{{study}}/evidence"),
        policies=shown(f"{RESULTS}/salsa/{{study}}/policies.csv"),
        comparisons=shown(f"{RESULTS}/salsa/{{study}}/comparisons.csv"),
        soup=shown(f"{RESULTS}/salsa/{{study}}/soup.csv"),
        spread=shown(f"{RESULTS}/salsa/{{study}}/spread.csv"),
    log:
        f"{RESULTS}/logs/salsa_claims/{{study}}.log",
    resources:
        **SMALL,
    params:
        settings=lambda wildcards: settings(
            "data.left_out",
            "seeds",
            compared=salsa.compared(wildcards.study),
            within=salsa.score_files(wildcards.study, "within"),
            beyond=salsa.score_files(wildcards.study, "beyond"),
            trainings=salsa.histories(wildcards.study),
        ),
        derived_from=lambda wildcards: settings(
            "salsa.reward", "evaluation.path", "evaluation.margin", *salsa.keys(wildcards.study)
        ),
    shell:
        "python -m scripts.salsa_claims --sft {input.sft} --sft_spread {input.sft_spread} --evidence {output.evidence}"
        " --policies {output.policies} --comparisons {output.comparisons} --soup {output.soup} --spread {output.spread}"
        " --settings {params.settings:q} > {log} 2>&1"


rule salsa_figures:
    input:
        code("scripts/salsa_figures.py"),
        evidence=rules.salsa_claims.output.evidence,
        policies=rules.salsa_claims.output.policies,
        comparisons=rules.salsa_claims.output.comparisons,
    output:
        figures=shown_figures(f"{RESULTS}/salsa/{{study}}/figures"),
    log:
        f"{RESULTS}/logs/salsa_figures/{{study}}.log",
    resources:
        **SMALL,
    params:
        settings=settings("figures.width", "figures.dpi"),
    shell:
        "python -m scripts.salsa_figures --evidence {input.evidence} --policies {input.policies}"
        " --comparisons {input.comparisons} --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"


use rule evaluate as salsa_plane_scores with:
    input:
        rewards.files(),
        code("scripts/evaluate.py"),
        BASE_OF_LORA,
        **SALSA_JUDGED_WITH,
        policies=lambda wildcards: salsa.models(salsa.variants("main")[:1], wildcards.seed),
    output:
        f"{RESULTS}/scores/salsa/plane/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/salsa_plane_scores/seed-{{seed}}.log",
    params:
        settings=evaluation_settings(rewards, salsa.plane_points()),
        derived_from=settings(*rewards.all_keys(), "evaluation.prompts", "salsa.pairs", "salsa.divisions"),


rule salsa_plane:
    input:
        code("scripts/salsa_plane.py"),
        scores=expand(rules.salsa_plane_scores.output, seed=SEEDS),
    output:
        plane=directory(f"{RESULTS}/salsa/more/plane"),
    log:
        f"{RESULTS}/logs/salsa_plane.log",
    resources:
        **SMALL,
    params:
        settings=settings(
            "salsa.divisions",
            "seeds",
            "figures.width",
            "figures.dpi",
            corner=salsa.variants("main")[0].name,
            **OF_SALSA,
        ),
        derived_from=settings("salsa.reward", "salsa.pairs"),
    shell:
        "python -m scripts.salsa_plane --scores {input.scores} --plane {output.plane}"
        " --settings {params.settings:q} > {log} 2>&1"


rule salsa_report:
    input:
        code("scripts/salsa_report.py"),
        figures=expand(rules.salsa_figures.output, study="more"),
        evidence=expand(rules.salsa_claims.output.evidence, study="more"),
        plane=rules.salsa_plane.output.plane,
    output:
        report=f"{RESULTS}/salsa/more/report.md",
    log:
        f"{RESULTS}/logs/salsa_report.log",
    resources:
        **SMALL,
    shell:
        "python -m scripts.salsa_report --evidence {input.evidence} --figures {input.figures} --plane {input.plane}"
        " --report {output.report} > {log} 2>&1"


EVIDENCE["salsa"] = expand(rules.salsa_claims.output.evidence, study="main")[0]
SAMPLES["salsa"] = {
    "scores": expand(SALSA_SCORES, study="main", prompts="within", seed=SEEDS[0]),
    "paths": salsa.paths(),
    "rewards": list(OF_SALSA["reward"]),
    "keys": ["salsa.reward", "salsa.pairs"],
}
REPORT["salsa"] = {
    "files": {
        name: expand(path, study="main")[0]
        for name, path in [*rules.salsa_claims.output.items(), *rules.salsa_figures.output.items()]
        if name != "evidence"
    },
    "keys": [],
}
PAGE["salsa"] = {
    "evidence": EVIDENCE["salsa"],
    "figures": expand(rules.salsa_figures.output.figures, study="main")[0],
}
PLOTS |= {f"{RESULTS}/salsa/main/figures/{name}.png": None for name in ("training", "win_rates")}
