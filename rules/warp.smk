# WARP (arXiv 2406.16768), algorithm 1. In each of I iterations M policies start from θ_init, each with a
# moving average of itself as its anchor; their task vectors are merged by SLERP; LITI steps back towards
# θ_init, where the next iteration starts. The final front goes from θ_sft to the last merge.
# Needs the start, rewards and snippets; makes warp/: policies, merges with their angles, fronts and claims. In paths a
# run is M-2 (WARP with two policies), variation/mu-0.05 (with one value changed), or M-all: policies that runs share.
#
# Baselines, from the same start and reward: anchors fixed at θ_sft for several β, for as many steps as all
# iterations have in sum; LERP of the same two policies; smaller M; earlier iterations; averages of one training;
# runs with another η, μ or β. Each ends in a front from θ_sft.
#
# Deviations: 1. and 2. of policy.smk. 3. T = 30 steps of 40 completions and not 9,000 of 128; the moving average
# looks back 10 steps (1/μ) and not 100.
#
# Longer than other rules files, because the paper has seven kinds of jobs.

warp = papers["warp"]
WARP = f"{RESULTS}/warp/{{run}}/iteration-{{iteration}}"
FIRST = f"{RESULTS}/warp/{{run,M-all}}/iteration-{{iteration,1}}/policy-{{number,1}}/seed-{{seed}}"
FIXED = f"{RESULTS}/warp/fixed/beta-{{beta}}/seed-{{seed}}"
OF_WARP = {"reward": mixture_weights(value("warp.reward"))}


wildcard_constraints:
    run=warp.runs,
    iteration=r"\d+",


use rule policy as warp_policy with:
    input:
        rewards.files(OF_WARP["reward"]),
        code(f"scripts/{modality.policy}.py"),
        BASE_OF_LORA,
        **TRAINED_ON,
        start=warp.start,
        anchor=warp.start,
    output:
        **NO_AVERAGES,
        model=directory(f"{WARP}/policy-{{number}}/seed-{{seed}}"),
        history=f"{WARP}/policy-{{number}}/seed-{{seed}}.json",
    log:
        f"{RESULTS}/logs/warp_policy/{{run}}/iteration-{{iteration}}/policy-{{number}}/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: policy_settings(
            experiment,
            rewards.of_mixture(value("warp.reward")),
            "warp.steps",
            *warp.shared(wildcards.run, "warp.beta", "warp.mu"),
            **warp.varied(wildcards.run, "warp.beta", "warp.mu"),
            seed=warp.seed(wildcards),
        ),
        derived_from=settings(*rewards.keys(value("warp.reward"))),


AVERAGES = {  # of the first policy's training, where the parameters ask for them
    kind: [directory(f"{FIRST}.averages/{kind}")] if kind in value("warp.averages") else []
    for kind in ("moving", "checkpoints")
}


ruleorder: warp_first_policy > warp_policy


use rule warp_policy as warp_first_policy with:
    output:
        model=directory(FIRST),
        history=f"{FIRST}.json",
        moving_average=AVERAGES["moving"],
        checkpoint_average=AVERAGES["checkpoints"],


use rule policy as warp_fixed with:
    input:
        rewards.files(OF_WARP["reward"]),
        code(f"scripts/{modality.policy}.py"),
        BASE_OF_LORA,
        **TRAINED_ON,
        start=START,
        anchor=START,
    output:
        **NO_AVERAGES,
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


# The moving anchor without merges, for as many steps as those with a fixed one (W-1).
use rule warp_fixed as warp_moving with:
    output:
        **NO_AVERAGES,
        model=directory(f"{RESULTS}/warp/moving/seed-{{seed}}"),
        history=f"{RESULTS}/warp/moving/seed-{{seed}}.json",
    log:
        f"{RESULTS}/logs/warp_moving/seed-{{seed}}.log",
    params:
        settings=lambda wildcards: policy_settings(
            experiment,
            rewards.of_mixture(value("warp.reward")),
            "warp.beta",
            "warp.mu",
            steps=warp.steps,
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
        f"{RESULTS}/logs/warp_merge/{{run}}/iteration-{{iteration}}/seed-{{seed}}.log",
    resources:
        mem_mb=ask.memory(frozen=1),
        runtime=ask.duration(),
    params:
        settings=lambda wildcards: settings(
            *warp.shared(wildcards.run, "warp.eta"), **warp.varied(wildcards.run, "warp.eta")
        ),
    shell:
        "python -m scripts.warp_merge --start {input.start} --policies {input.policies} --model {output.model}"
        " --end {output.end} --angles {output.angles} --settings {params.settings:q} > {log} 2>&1"


use rule evaluate as warp_scores with:
    input:
        rewards.files(),
        code(f"scripts/{modality.evaluate}.py"),
        BASE_OF_LORA,
        **JUDGED_WITH,
        policies=[f"{RESULTS}/{name}" for name in warp.models],
    output:
        f"{RESULTS}/scores/warp/seed-{{seed}}.csv",
    log:
        f"{RESULTS}/logs/warp_scores/seed-{{seed}}.log",
    params:
        settings=evaluation_settings(rewards, warp.points),
        derived_from=settings(*rewards.all_keys(), "evaluation.prompts", "evaluation.path", *warp.keys),


rule warp_claims:
    input:
        code("scripts/warp_claims.py"),
        every([warp.histories(), warp.angles()]),
        scores=expand(rules.warp_scores.output, seed=SEEDS),
    output:
        evidence=directory(f"{RESULTS}/warp/evidence"),
        plane=shown(f"{RESULTS}/warp/plane.csv"),
        equal_kl=shown(f"{RESULTS}/warp/equal_kl.csv"),
        slerp=shown(f"{RESULTS}/warp/slerp.csv"),
        liti=shown(f"{RESULTS}/warp/liti.csv"),
    log:
        f"{RESULTS}/logs/warp_claims.log",
    resources:
        **SMALL,
    params:
        settings=settings(
            "seeds",
            trainings=warp.histories(),
            angles=warp.angles(),
            compared=warp.compared(),
            **OF_WARP,
        ),
        derived_from=settings("policy.start", "evaluation.path", "evaluation.margin", *warp.keys),
    shell:
        "python -m scripts.warp_claims --scores {input.scores} --evidence {output.evidence} --plane {output.plane}"
        " --equal_kl {output.equal_kl} --slerp {output.slerp} --liti {output.liti}"
        " --settings {params.settings:q} > {log} 2>&1"


rule warp_figures:
    input:
        code("scripts/warp_figures.py"),
        evidence=rules.warp_claims.output.evidence,
        plane=rules.warp_claims.output.plane,
    output:
        figures=shown_figures(f"{RESULTS}/warp/figures"),
    log:
        f"{RESULTS}/logs/warp_figures.log",
    resources:
        **SMALL,
    params:
        settings=settings("figures.width", "figures.dpi"),
    shell:
        "python -m scripts.warp_figures --evidence {input.evidence} --plane {input.plane} --figures {output.figures}"
        " --settings {params.settings:q} > {log} 2>&1"


EVIDENCE["warp"] = rules.warp_claims.output.evidence
SAMPLES["warp"] = {
    "scores": expand(rules.warp_scores.output, seed=SEEDS[0]),
    "paths": warp.paths(),
    "rewards": list(OF_WARP["reward"]),
    "keys": warp.keys,
}
REPORT["warp"] = {
    "files": dict(rules.warp_claims.output.items()) | dict(rules.warp_figures.output.items()),
    "keys": [],
}
PAGE["warp"] = {"evidence": rules.warp_claims.output.evidence, "figures": rules.warp_figures.output.figures}
PLOTS |= {f"{rules.warp_figures.output.figures}/{name}.png": None for name in ("plane", "weights", "angles")}
