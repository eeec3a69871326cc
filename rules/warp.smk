# WARP (arXiv 2406.16768), algorithm 1. In each of I iterations M policies start from θ_init, each with a
# moving average of itself as its anchor; their task vectors are merged by SLERP; LITI steps back towards
# θ_init, where the next iteration starts. The final front goes from θ_sft to the last merge.
# Needs the start, rewards and snippets; makes warp/: policies, merges with their angles, fronts and claims.
#
# Baselines, from the same start and reward: anchors fixed at θ_sft for several β, for as many steps as all
# iterations have in sum; LERP of the same two policies; smaller M; earlier iterations.
#
# Deviations: 1. and 2. of policy.smk. 3. T = 30 steps of 40 completions and not 9,000 of 128; the moving average
# looks back 10 steps (1/μ) and not 100. 4. W-7 and the averages of one run's checkpoints (W-5) are not computed.
#
# Longer than other rules files, because the paper has six kinds of jobs.

warp = papers["warp"]
WARP = f"{RESULTS}/warp/M-{{policies}}/iteration-{{iteration}}"
FIXED = f"{RESULTS}/warp/fixed/beta-{{beta}}/seed-{{seed}}"
OF_WARP = {"reward": mixture_weights(value("warp.reward"))}


wildcard_constraints:
    policies=r"\d+|all",
    iteration=r"\d+",


use rule policy as warp_policy with:
    input:
        rewards.files(OF_WARP["reward"]),
        code("scripts/policy.py"),
        BASE_OF_LORA,
        **TRAINED_ON,
        start=warp.start,
        anchor=warp.start,
    output:
        model=directory(f"{WARP}/policy-{{number}}/seed-{{seed}}"),
        history=f"{WARP}/policy-{{number}}/seed-{{seed}}.json",
    log:
        f"{RESULTS}/logs/warp_policy/M-{{policies}}/iteration-{{iteration}}/policy-{{number}}/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: policy_settings(
            experiment,
            rewards.of_mixture(value("warp.reward")),
            "warp.steps",
            "warp.beta",
            "warp.mu",
            seed=warp.seed(wildcards),
        ),
        derived_from=settings(*rewards.keys(value("warp.reward"))),


use rule policy as warp_fixed with:
    input:
        rewards.files(OF_WARP["reward"]),
        code("scripts/policy.py"),
        BASE_OF_LORA,
        **TRAINED_ON,
        start=START,
        anchor=START,
    output:
        model=directory(FIXED),
        history=f"{FIXED}.json",
    log:
        f"{RESULTS}/logs/warp_fixed/beta-{{beta}}/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: policy_settings(
            experiment,
            rewards.of_mixture(value("warp.reward")),
            steps=warp.steps,
            beta=float(wildcards.beta),
            mu=0.0,
            seed=int(wildcards.seed),
        ),
        derived_from=settings("warp.steps", "warp.iterations", *rewards.keys(value("warp.reward"))),


rule warp_merge:
    input:
        code("scripts/warp_merge.py"),
        BASE_OF_LORA,
        start=warp.start,
        policies=warp.policies,
    output:
        model=directory(f"{WARP}/merged/seed-{{seed}}"),
        end=directory(f"{WARP}/end/seed-{{seed}}"),
        angles=f"{WARP}/merged/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/warp_merge/M-{{policies}}/iteration-{{iteration}}/seed-{{seed}}.log",
    resources:
        mem_mb=ask.memory(frozen=1),
        runtime=ask.duration(),
    params:
        settings=settings("warp.eta"),
    shell:
        "python -m scripts.warp_merge --start {input.start} --policies {input.policies} --model {output.model}"
        " --end {output.end} --angles {output.angles} --settings {params.settings:q} > {log} 2>&1"


use rule evaluate as warp_scores with:
    input:
        rewards.files(),
        code("scripts/evaluate.py"),
        BASE_OF_LORA,
        **JUDGED_WITH,
        policies=[f"{RESULTS}/{name}" for name in warp.models],
    output:
        f"{RESULTS}/scores/warp/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/warp_scores/seed-{{seed}}.log",
    params:
        settings=evaluation_settings(rewards, warp.points),
        derived_from=settings(*rewards.all_keys(), "evaluation.prompts", *warp.keys),


rule warp_claims:
    input:
        code("scripts/warp_claims.py"),
        every([warp.moving_histories(1), warp.fixed_histories()]),
        scores=expand(rules.warp_scores.output, seed=SEEDS),
    output:
        plane=f"{RESULTS}/warp/plane.csv",
        hypervolume=f"{RESULTS}/warp/hypervolume.csv",
        anchors=f"{RESULTS}/warp/anchors.csv",
        slerp=f"{RESULTS}/warp/slerp.csv",
        liti=f"{RESULTS}/warp/liti.csv",
        trajectories=f"{RESULTS}/warp/trajectories.csv",
    log:
        f"{RESULTS}/logs/warp_claims.log",
    resources:
        **SMALL,
    params:
        settings=settings(
            "warp.policies",
            "warp.iterations",
            "warp.steps",
            "warp.front",
            "warp.weights",
            "warp.fixed_betas",
            "evaluation.resamples",
            "seeds",
            moving=warp.moving_histories(1),
            fixed=warp.fixed_histories(),
            **OF_WARP,
        ),
        derived_from=settings("warp.reward"),
    shell:
        "python -m scripts.warp_claims --scores {input.scores} --plane {output.plane}"
        " --hypervolume {output.hypervolume} --anchors {output.anchors} --slerp {output.slerp} --liti {output.liti}"
        " --trajectories {output.trajectories} --settings {params.settings:q} > {log} 2>&1"


rule warp_figures:
    input:
        code("scripts/warp_figures.py"),
        every([*map(warp.moving_histories, warp.iterations), warp.fixed_histories(), warp.angles()]),
        plane=rules.warp_claims.output.plane,
    output:
        figures=directory(f"{RESULTS}/warp/figures"),
    log:
        f"{RESULTS}/logs/warp_figures.log",
    resources:
        **SMALL,
    params:
        settings=settings(
            "warp.policies",
            "warp.front",
            "warp.weights",
            "warp.fixed_betas",
            "warp.iterations",
            "figures.width",
            "figures.dpi",
            "seeds",
            moving={str(iteration): warp.moving_histories(iteration) for iteration in warp.iterations},
            fixed=warp.fixed_histories(),
            angles=warp.angles(),
            **OF_WARP,
        ),
        derived_from=settings("warp.reward"),
    shell:
        "python -m scripts.warp_figures --plane {input.plane} --figures {output.figures}"
        " --settings {params.settings:q} > {log} 2>&1"


REPORT["warp"] = {
    "files": dict(rules.warp_claims.output.items())
    | {"angles": warp.angles()["1"], "figures": rules.warp_figures.output.figures},
    "keys": [],
}
PLOTS |= {f"{rules.warp_figures.output.figures}/{name}.png": None for name in ("plane", "weights", "angles")}
