# WARP (arXiv 2406.16768), algorithm 1. In each of I iterations M policies start from θ_init, each with a
# moving average of itself as its anchor; their task vectors are merged by SLERP; LITI steps back towards
# θ_init, from where the next iteration starts. The final front slides from θ_sft to the last merge.
# Needs the start, rewards and snippets; makes warp/: policies, merges with their angles, fronts and claims.
#
# Compared with, from the same start and reward: anchors fixed at θ_sft for several β, for as many steps as
# all iterations have; LERP of the same two policies; smaller M; each iteration.
#
# Deviations: 1. and 2. of policy.smk. 3. T = 30 steps of 40 completions and not 9,000 of 128; the moving average
# looks back 10 steps (1/μ) and not 100. 4. W-7 and the averages of one run's checkpoints (W-5) are not computed.

ITERATIONS = value("warp.iterations")
WARP_MODELS, WARP_POINTS = warp_scored()
WARP = f"{RESULTS}/warp/M-{{policies}}/iteration-{{iteration}}"
FIXED = f"{RESULTS}/warp/fixed/beta-{{beta}}/seed-{{seed}}"
MOST = max(value("warp.policies"))


use rule policy as warp_policy with:
    input:
        reward_files(mixture_weights(value("warp.reward"))),
        code("scripts/policy.py"),
        lora_base(),
        start=warp_start,
        anchor=warp_start,
        reference=f"{RESULTS}/{value('policy.start')}",
        snippets=rules.snippets.output.snippets,
    output:
        model=directory(f"{WARP}/policy-{{number}}/seed-{{seed}}"),
        history=f"{WARP}/policy-{{number}}/seed-{{seed}}.json",
    log:
        f"{RESULTS}/logs/warp_policy/M-{{policies}}/iteration-{{iteration}}/policy-{{number}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/warp_policy/M-{{policies}}/iteration-{{iteration}}/policy-{{number}}/seed-{{seed}}.tsv"
    params:
        settings=lambda wildcards: policy_settings(
            mixture_sources(value("warp.reward")), "warp.steps", "warp.beta", "warp.mu", seed=warp_seed(wildcards)
        ),
        derived_from=settings(*reward_keys(value("warp.reward"))),


use rule policy as warp_fixed with:
    input:
        reward_files(mixture_weights(value("warp.reward"))),
        code("scripts/policy.py"),
        lora_base(),
        start=f"{RESULTS}/{value('policy.start')}",
        anchor=f"{RESULTS}/{value('policy.start')}",
        reference=f"{RESULTS}/{value('policy.start')}",
        snippets=rules.snippets.output.snippets,
    output:
        model=directory(FIXED),
        history=f"{FIXED}.json",
    log:
        f"{RESULTS}/logs/warp_fixed/beta-{{beta}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/warp_fixed/beta-{{beta}}/seed-{{seed}}.tsv"
    params:
        settings=lambda wildcards: policy_settings(
            mixture_sources(value("warp.reward")),
            steps=value("warp.steps") * ITERATIONS,
            beta=float(wildcards.beta),
            mu=0.0,
            seed=int(wildcards.seed),
        ),
        derived_from=settings("warp.steps", "warp.iterations", *reward_keys(value("warp.reward"))),


rule warp_merge:
    input:
        code("scripts/warp_merge.py"),
        lora_base(),
        start=warp_start,
        policies=warp_policies,
    output:
        model=directory(f"{WARP}/merged/seed-{{seed}}"),
        end=directory(f"{WARP}/end/seed-{{seed}}"),
        angles=f"{WARP}/merged/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/warp_merge/M-{{policies}}/iteration-{{iteration}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/warp_merge/M-{{policies}}/iteration-{{iteration}}/seed-{{seed}}.tsv"
    threads: 1
    resources:
        mem_mb=memory(frozen=1),
        runtime=duration(),
    params:
        settings=settings("warp.eta"),
    shell:
        "python -m scripts.warp_merge --start {input.start} --policies {input.policies} --model {output.model}"
        " --end {output.end} --angles {output.angles} --settings {params.settings:q} > {log} 2>&1"


use rule evaluate as warp_scores with:
    input:
        reward_files(config["rewards"]),
        code("scripts/evaluate.py"),
        lora_base(),
        policies=[f"{RESULTS}/{name}" for name in WARP_MODELS],
        reference=f"{RESULTS}/{value('policy.start')}",
        gold=gold_files(),
        snippets=rules.snippets.output.snippets,
    output:
        f"{RESULTS}/scores/warp/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/warp_scores/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/warp_scores/seed-{{seed}}.tsv"
    params:
        settings=evaluation_settings(WARP_POINTS),
        derived_from=settings(*all_reward_keys(), "evaluation.prompts", *(f"warp.{key}" for key in config["warp"])),


rule warp_claims:
    input:
        code("scripts/warp_claims.py"),
        scores=expand(rules.warp_scores.output, seed=SEEDS),
        moving=[warp_histories(1, seed) for seed in SEEDS],
        fixed=[expand(rules.warp_fixed.output.history, beta=beta, seed=SEEDS) for beta in value("warp.fixed_betas")],
    output:
        plane=f"{RESULTS}/warp/plane.csv",
        hypervolume=f"{RESULTS}/warp/hypervolume.csv",
        anchors=f"{RESULTS}/warp/anchors.csv",
        slerp=f"{RESULTS}/warp/slerp.csv",
        liti=f"{RESULTS}/warp/liti.csv",
        trajectories=f"{RESULTS}/warp/trajectories.csv",
    log:
        f"{RESULTS}/logs/warp_claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/warp_claims.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=settings(
            "warp.policies",
            "warp.iterations",
            "warp.steps",
            "warp.front",
            "warp.weights",
            "warp.fixed_betas",
            "evaluation.resamples",
            reward=mixture_weights(value("warp.reward")),
        ),
        derived_from=settings("warp.reward"),
    shell:
        "python -m scripts.warp_claims --scores {input.scores} --moving {input.moving} --fixed {input.fixed}"
        " --plane {output.plane} --hypervolume {output.hypervolume} --anchors {output.anchors}"
        " --slerp {output.slerp} --liti {output.liti} --trajectories {output.trajectories} --settings {params.settings:q} > {log} 2>&1"


rule warp_figures:
    input:
        code("scripts/warp_figures.py"),
        plane=rules.warp_claims.output.plane,
        moving=[warp_histories(iteration, seed) for iteration in range(1, ITERATIONS + 1) for seed in SEEDS],
        fixed=rules.warp_claims.input.fixed,
        angles=[
            expand(rules.warp_merge.output.angles, policies=MOST, iteration=iteration, seed=SEEDS)
            for iteration in range(1, ITERATIONS + 1)
        ],
    output:
        figures=directory(f"{RESULTS}/warp/figures"),
    log:
        f"{RESULTS}/logs/warp_figures.log",
    benchmark:
        f"{RESULTS}/benchmarks/warp_figures.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=settings(
            "warp.policies",
            "warp.iterations",
            "warp.front",
            "warp.weights",
            "warp.fixed_betas",
            "figures.width",
            "figures.dpi",
            reward=mixture_weights(value("warp.reward")),
        ),
        derived_from=settings("warp.reward"),
    shell:
        "python -m scripts.warp_figures --plane {input.plane} --moving {input.moving} --fixed {input.fixed} --angles {input.angles}"
        " --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"


PLOTS |= {f"{rules.warp_figures.output.figures}/{name}.png": None for name in ("plane", "weights", "angles")}
