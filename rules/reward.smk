# A call of each reward that is a Python function, a reward model for each reward with a human label, and the gold
# reward, which judges policies.
# Needs base/ and the snippets; makes reward/{reward} and gold/, and their agreement with held-out labels.

CHECKED = []  # what policies wait for

if functions := rewards.functions():

    rule check_rewards:
        input:
            code("scripts/check_rewards.py"),
            [experiment.code.of_function(source["function"]) for source in functions.values()],
            snippets=rules.snippets.output.snippets,
        output:
            checked=f"{RESULTS}/rewards_checked.txt",
        log:
            f"{RESULTS}/logs/check_rewards.log",
        # Before everything that takes long, so that a mistake in a function is told at once.
        priority: 100
        resources:
            **SMALL,
        params:
            settings=settings("data.prompt_words", "data.left_out", functions=functions),
            derived_from=settings(*(name if name == "gold" else f"rewards.{name}" for name in functions)),
        shell:
            "python -m scripts.check_rewards --snippets {input.snippets} --checked {output.checked}"
            " --settings {params.settings:q} > {log} 2>&1"

    CHECKED = ancient(rules.check_rewards.output.checked)  # which always says the same


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
    retries: ask.retries
    threads: ask.processes
    resources:
        **ask.training(
            batch=value("reward_model.batch_size") // value("reward_model.parts"),
            texts=value("reward_model.epochs") * TEXTS,
            passes=3,
        ),
    params:
        settings=lambda wildcards: settings(
            f"rewards.{wildcards.reward}.label",
            "reward_model.epochs",
            "reward_model.batch_size",
            "reward_model.parts",
            "reward_model.learning_rate",
            "reward_model.warmup_steps",
            "reward_model.clip_norm",
            "reward_model.seed",
            "lora",
            "compute",
        ),
    shell:
        "{resources.launch} scripts.reward --base {input.base} --snippets {input.snippets}"
        " --model {output.model} --report {output.report} --checkpoint-every {resources.checkpoint_every} --made-of {input}"
        " --settings {params.settings:q} > {log} 2>&1"


if rewards.gold_is_fitted:

    rule gold:
        input:
            code("scripts/gold.py"),
            snippets=rules.snippets.output.snippets,
        output:
            model=directory(f"{RESULTS}/gold"),
            report=f"{RESULTS}/gold.json",
        log:
            f"{RESULTS}/logs/gold.log",
        resources:
            **SMALL,
        params:
            settings=settings("gold.label", "gold.penalty"),
        shell:
            "python -m scripts.gold --snippets {input.snippets} --model {output.model} --report {output.report}"
            " --settings {params.settings:q} > {log} 2>&1"
