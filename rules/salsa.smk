# SALSA (arXiv 2411.01798): the reference of the KL term is a soup of two SFT models, α θ_sft1 + (1 − α) θ_sft2, frozen;
# the policy starts at θ_sft1. α = 1 is what it is compared with: the SFT model as the reference.
# Needs the SFT pair, rewards, the gold reward and snippets; makes salsa/: references, policies, comparisons pair by pair
# at equal β and at equal KL, win rates within and beyond the domains of training. `snakemake salsa` adds
# salsa/more: several α, another β, the soup as the start, and the plane of the SFT models and a policy.
#
# Deviations: 1. to 3. of policy.smk. 4. Win rates are the gold reward's on held-out prompts, where the paper's come from
# MT-Bench, Arena-Hard and UltraFeedback. 5. The domain that is left out is one that θ_pre has seen and that no policy was trained on.

SALSA = f"{RESULTS}/salsa/policy/start-{{start}}/alpha-{{alpha}}/beta-{{beta}}/seed-{{seed}}"
SALSA_SCORES = f"{RESULTS}/scores/salsa/{{study}}/{{prompts}}/seed-{{seed}}.csv"


rule salsa:
    input:
        expand(f"{RESULTS}/salsa/more/{{made}}", made=["figures", "plane", "report.md"]),


use rule soup as salsa_reference with:
    input:
        code("scripts/soup.py"),
        lora_base(),
        policies=expand(f"{RESULTS}/sft/{{number}}", number=SFT_NAMES),
    output:
        model=directory(f"{RESULTS}/salsa/reference/alpha-{{alpha}}"),
    log:
        f"{RESULTS}/logs/salsa_reference/alpha-{{alpha}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/salsa_reference/alpha-{{alpha}}.tsv"
    params:
        settings=lambda wildcards: settings(coefficients=[float(wildcards.alpha), 1 - float(wildcards.alpha)]),


use rule policy as salsa_policy with:
    input:
        reward_files(mixture_weights(value("salsa.reward"))),
        code("scripts/policy.py"),
        lora_base(),
        start=lambda wildcards: salsa_anchor(wildcards.alpha if wildcards.start == "soup" else 1),
        anchor=lambda wildcards: salsa_anchor(wildcards.alpha),
        reference=f"{RESULTS}/sft/1",
        snippets=rules.snippets.output.snippets,
    output:
        model=directory(SALSA),
        history=f"{SALSA}.json",
    log:
        f"{RESULTS}/logs/salsa_policy/start-{{start}}/alpha-{{alpha}}/beta-{{beta}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/salsa_policy/start-{{start}}/alpha-{{alpha}}/beta-{{beta}}/seed-{{seed}}.tsv"
    params:
        settings=lambda wildcards: policy_settings(
            mixture_sources(value("salsa.reward")),
            "policy.steps",
            beta=float(wildcards.beta),
            mu=0.0,
            seed=int(wildcards.seed),
        ),
        derived_from=settings(*reward_keys(value("salsa.reward"))),


use rule evaluate as salsa_scores with:
    input:
        reward_files(config["rewards"]),
        code("scripts/evaluate.py"),
        lora_base(),
        policies=lambda wildcards: salsa_models(salsa_scored(wildcards.study), wildcards.seed),
        reference=f"{RESULTS}/sft/1",
        gold=gold_files(),
        snippets=rules.snippets.output.snippets,
    output:
        SALSA_SCORES,
    log:
        f"{RESULTS}/logs/salsa_scores/{{study}}/{{prompts}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/salsa_scores/{{study}}/{{prompts}}/seed-{{seed}}.tsv"
    params:
        settings=lambda wildcards: evaluation_settings(
            salsa_points(salsa_scored(wildcards.study)), within=wildcards.prompts == "within"
        )(wildcards),
        derived_from=lambda wildcards: settings(*all_reward_keys(), "evaluation.prompts", *salsa_keys(wildcards.study)),


rule salsa_claims:
    input:
        code("scripts/salsa_claims.py"),
        within=lambda wildcards: salsa_score_files(wildcards.study, "within"),
        beyond=lambda wildcards: salsa_score_files(wildcards.study, "beyond") if value("data.left_out") else [],
        trainings=lambda wildcards: salsa_histories(salsa_variants(wildcards.study)),
        sft=expand(rules.evaluate.output, seed=SEEDS),
    output:
        policies=f"{RESULTS}/salsa/{{study}}/policies.csv",
        comparisons=f"{RESULTS}/salsa/{{study}}/comparisons.csv",
        soup=f"{RESULTS}/salsa/{{study}}/soup.csv",
    log:
        f"{RESULTS}/logs/salsa_claims/{{study}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/salsa_claims/{{study}}.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=lambda wildcards: settings(
            "data.left_out",
            "evaluation.resamples",
            pairs=salsa_pairs(wildcards.study),
            reward=mixture_weights(value("salsa.reward")),
        ),
        derived_from=lambda wildcards: settings("salsa.reward", "seeds", *salsa_keys(wildcards.study)),
    shell:
        "python -m scripts.salsa_claims --within {input.within} --beyond {input.beyond} --trainings {input.trainings}"
        " --sft {input.sft} --policies {output.policies} --comparisons {output.comparisons} --soup {output.soup}"
        " --settings {params.settings:q} > {log} 2>&1"


rule salsa_figures:
    input:
        code("scripts/salsa_figures.py"),
        policies=rules.salsa_claims.output.policies,
        comparisons=rules.salsa_claims.output.comparisons,
        trainings=rules.salsa_claims.input.trainings,
    output:
        figures=directory(f"{RESULTS}/salsa/{{study}}/figures"),
    log:
        f"{RESULTS}/logs/salsa_figures/{{study}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/salsa_figures/{{study}}.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=lambda wildcards: settings(
            "figures.width",
            "figures.dpi",
            variants=salsa_variants(wildcards.study),
            reward=mixture_weights(value("salsa.reward")),
        ),
        derived_from=lambda wildcards: settings("salsa.reward", *salsa_keys(wildcards.study)),
    shell:
        "python -m scripts.salsa_figures --policies {input.policies} --comparisons {input.comparisons}"
        " --trainings {input.trainings} --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"


use rule evaluate as salsa_plane_scores with:
    input:
        reward_files(config["rewards"]),
        code("scripts/evaluate.py"),
        lora_base(),
        policies=lambda wildcards: salsa_models(salsa_variants("main")[:1], wildcards.seed),
        reference=f"{RESULTS}/sft/1",
        gold=gold_files(),
        snippets=rules.snippets.output.snippets,
    output:
        f"{RESULTS}/scores/salsa/plane/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/salsa_plane_scores/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/salsa_plane_scores/seed-{{seed}}.tsv"
    params:
        settings=evaluation_settings(
            [point(*plane_point(weights), CORNERS, weights) for weights in simplex(CORNERS, value("salsa.divisions"))]
        ),
        derived_from=settings(*all_reward_keys(), "evaluation.prompts", "salsa.pairs", "salsa.divisions"),


rule salsa_plane:
    input:
        code("scripts/salsa_plane.py"),
        scores=expand(rules.salsa_plane_scores.output, seed=SEEDS),
    output:
        plane=directory(f"{RESULTS}/salsa/more/plane"),
    log:
        f"{RESULTS}/logs/salsa_plane.log",
    benchmark:
        f"{RESULTS}/benchmarks/salsa_plane.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=settings(
            "salsa.divisions",
            "evaluation.resamples",
            "figures.width",
            "figures.dpi",
            corner=salsa_variants("main")[0].name,
            reward=mixture_weights(value("salsa.reward")),
        ),
        derived_from=settings("salsa.reward", "salsa.pairs", "seeds"),
    shell:
        "python -m scripts.salsa_plane --scores {input.scores} --plane {output.plane}"
        " --settings {params.settings:q} > {log} 2>&1"


rule salsa_report:
    input:
        code("scripts/salsa_report.py"),
        figures=expand(rules.salsa_figures.output, study="more"),
        tables=expand(rules.salsa_claims.output, study="more"),
        plane=rules.salsa_plane.output.plane,
    output:
        report=f"{RESULTS}/salsa/more/report.md",
    log:
        f"{RESULTS}/logs/salsa_report.log",
    benchmark:
        f"{RESULTS}/benchmarks/salsa_report.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=settings("seeds", "evaluation.prompts", "evaluation.resamples"),
    shell:
        "python -m scripts.salsa_report --tables {input.tables} --figures {input.figures} --plane {input.plane} --report {output.report}"
        " --settings {params.settings:q} > {log} 2>&1"


PLOTS |= {f"{RESULTS}/salsa/main/figures/{name}.png": None for name in ("training", "win_rates")}
