# The rule that all papers share: from a start, a policy maximises E[R] − β KL(π ‖ anchor).
# R is a reward of params.yaml or a mixture of several, such as editorial=0.75+positivity=0.25.
# Needs the start, the anchor, θ_sft (KL to it is recorded), rewards and prompts; makes policy/{mixture}/seed-{seed}.
#
# Deviations: 1. RLOO, REINFORCE with a leave-one-out baseline, where Rewarded Soups and SALSA
# use PPO (policy.algorithm: ppo). 2. All weights are trained unless `lora` is set; Rewarded Soups
# trains LoRA. 3. β is constant.

NO_AVERAGES = {"moving_average": [], "checkpoint_average": []}  # which one policy of WARP has
TRAINED_ON = {"sft": START, "snippets": SNIPPETS, "fits": FITS}  # beside start, anchor and rewards


rule policy:
    input:
        lambda wildcards: rewards.files(mixture_weights(wildcards.mixture)),
        code(f"scripts/{modality.policy}.py"),
        BASE_OF_LORA,
        **TRAINED_ON,
        start=START,
        anchor=f"{RESULTS}/{value('policy.anchor')}",
    output:
        **NO_AVERAGES,
        model=directory(f"{RESULTS}/policy/{{mixture}}/seed-{{seed}}"),
        history=f"{RESULTS}/policy/{{mixture}}/seed-{{seed}}.json",
    log:
        f"{RESULTS}/logs/policy/{{mixture}}/seed-{{seed}}.log",
    retries: ask.retries
    threads: ask.processes
    resources:
        # also for the rules that use this one with another start, anchor or reward
        **ask.policies(steps=max([value("policy.steps"), *(paper.steps for paper in papers.values())])),
    params:
        settings=lambda wildcards: policy_settings(
            experiment,
            rewards.of_mixture(wildcards.mixture),
            "policy.steps",
            "policy.beta",
            mu=0.0,
            seed=int(wildcards.seed),
        ),
        derived_from=lambda wildcards: settings("policy.start", "policy.anchor", *rewards.keys(wildcards.mixture)),
    shell:
        "{resources.launch} scripts."
        + modality.policy
        + " --start {input.start} --anchor {input.anchor} --sft {input.sft}"
        + modality.given
        + " --model {output.model} --history {output.history}"
        " --moving_average {output.moving_average} --checkpoint_average {output.checkpoint_average}"
        " --checkpoint-every {resources.checkpoint_every} --made-of {input} --settings {params.settings:q} > {log} 2>&1"
