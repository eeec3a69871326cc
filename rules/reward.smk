# A call of each reward that is a Python function, as a check; a reward model for each reward with a human label; the gold
# reward, which judges policies.
# Needs base/ and the snippets; makes checked/{reward}.txt, reward/{reward} and gold/, and their agreement with held-out labels.

CHECKED = rewards.functions()  # what uses one of these waits for its check, by `files` of lib/graph/rewards.py


if CHECKED:

    rule check_reward:
        input:
            code("scripts/check_reward.py"),
            lambda wildcards: experiment.code.of_function(CHECKED[wildcards.reward]["function"]),
            snippets=SNIPPETS,
        output:
            checked=f"{RESULTS}/checked/{{reward}}.txt",
        log:
            f"{RESULTS}/logs/check_reward/{{reward}}.log",
        wildcard_constraints:
            reward="|".join(CHECKED),
        # Before everything that takes long, so that a mistake in a function is told at once.
        priority: 100
        resources:
            **SMALL,
        params:
            settings=lambda wildcards: settings(
                "data.prompt_words",
                "data.left_out",
                name=wildcards.reward,
                reward=CHECKED[wildcards.reward],
            ),
            derived_from=lambda wildcards: settings(
                "gold" if wildcards.reward == "gold" else f"rewards.{wildcards.reward}"
            ),
        shell:
            "python -m scripts.check_reward --snippets {input.snippets} --checked {output.checked}"
            " --settings {params.settings:q} > {log} 2>&1"


rule reward:
    input:
        code("scripts/reward.py"),
        base=rules.base.output.model,
        snippets=SNIPPETS,
        fits=FITS,
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
            snippets=SNIPPETS,
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
