# A reward model for each reward of params.yaml that has a human label.
# Needs base/ and the snippets; makes reward/{reward} and its agreement with held-out labels.


rule reward:
    input:
        code("scripts/reward.py"),
        base=rules.base.output.model,
        snippets=rules.snippets.output.snippets,
    output:
        model=directory(f"{RESULTS}/reward/{{reward}}"),
        report=f"{RESULTS}/reward/{{reward}}.json",
    log:
        f"{RESULTS}/logs/reward-{{reward}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/reward-{{reward}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=lambda wildcards: settings(
            f"rewards.{wildcards.reward}.label",
            "reward_model.epochs",
            "reward_model.batch_size",
            "reward_model.learning_rate",
            "reward_model.seed",
        ),
    shell:
        "python -m scripts.reward --base {input.base} --snippets {input.snippets}"
        " --model {output.model} --report {output.report} --settings {params.settings:q} > {log} 2>&1"
