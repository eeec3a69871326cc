# The rule that the four papers share: a policy maximises E[R] − β KL(π ‖ anchor), from a start.
# R is a reward of params.yaml or a mixture of several, such as editorial=0.75+positivity=0.25.
# Needs the start, the anchor, the reference of the recorded KL, rewards and snippets; makes policy/{mixture}/seed-{seed}.
#
# Deviations: 1. RLOO, a REINFORCE with a leave-one-out baseline, where Rewarded Soups and SALSA
# ran PPO; policy.algorithm: ppo runs it here. 2. All weights are trained unless `lora` says otherwise; Rewarded Soups
# trained LoRA. 3. β is constant.

POLICY_BATCH = value("policy.prompts_per_step") * value("policy.completions_per_prompt")
MOST_STEPS = max(  # of the rules that are this one with another start, anchor or reward
    value("policy.steps"), value("warp.steps") * value("warp.iterations"), value("reward_ensembles.steps")
)


rule policy:
    input:
        lambda wildcards: reward_files(mixture_weights(wildcards.mixture)),
        code("scripts/policy.py"),
        lora_base(),
        start=f"{RESULTS}/{value('policy.start')}",
        anchor=f"{RESULTS}/{value('policy.anchor')}",
        reference=f"{RESULTS}/{value('policy.start')}",
        snippets=rules.snippets.output.snippets,
    output:
        model=directory(f"{RESULTS}/policy/{{mixture}}/seed-{{seed}}"),
        history=f"{RESULTS}/policy/{{mixture}}/seed-{{seed}}.json",
    log:
        f"{RESULTS}/logs/policy/{{mixture}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/policy/{{mixture}}/seed-{{seed}}.tsv"
    retries: RETRIES
    threads: PROCESSES
    resources:
        **TRAINING,
        mem_mb=memory(
            trained=1, frozen=2 + MODELS_OF_REWARDS, texts=POLICY_BATCH // value("policy.parts"), processes=PROCESSES
        ),
        runtime=duration(texts=MOST_STEPS * POLICY_BATCH, passes=6 + MODELS_OF_REWARDS),
    params:
        settings=lambda wildcards: policy_settings(
            mixture_sources(wildcards.mixture),
            "policy.steps",
            "policy.beta",
            mu=0.0,
            seed=int(wildcards.seed),
        ),
        derived_from=lambda wildcards: settings("policy.start", "policy.anchor", *reward_keys(wildcards.mixture)),
    shell:
        "{resources.launch} scripts.policy --start {input.start} --anchor {input.anchor}"
        " --reference {input.reference} --snippets {input.snippets} --model {output.model} --history {output.history}"
        " --checkpoint-every {resources.checkpoint_every} --made-of {input} --settings {params.settings:q} > {log} 2>&1"
