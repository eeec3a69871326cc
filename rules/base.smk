# The base model θ_pre with its tokenizer: trained from scratch, or pre-trained by others and read from a wheel of the
# package index, a directory, or the hub.
# Needs the snippets; makes base/.

from lib.graph.resources import TEXTS

if "source" not in config["base"]:

    rule base:
        input:
            code("scripts/base.py"),
            snippets=rules.snippets.output.snippets,
        output:
            model=directory(f"{RESULTS}/base"),
            report=f"{RESULTS}/base.json",
        log:
            f"{RESULTS}/logs/base.log",
        threads: 2
        resources:
            mem_mb=ask.memory(trained=1, texts=value("base.batch_size")),
            runtime=ask.duration(texts=value("base.passes") * TEXTS, passes=3),
        params:
            settings=settings(
                "base.vocabulary",
                "base.hidden_size",
                "base.layers",
                "base.heads",
                "base.context",
                "base.batch_size",
                "base.passes",
                "base.learning_rate",
                "base.seed",
            ),
        # All other jobs wait for this one, so it takes two threads. It takes two whatever --cores is,
        # because the last bits of a sum depend on the number of threads.
        shell:
            "OMP_NUM_THREADS=2 MKL_NUM_THREADS=2 python -m scripts.base --snippets {input.snippets}"
            " --model {output.model} --report {output.report} --settings {params.settings:q} > {log} 2>&1"

else:

    if value("base.source").startswith("wheel:"):

        rule fetch_base:
            input:
                code("scripts/fetch.py"),
            output:
                f"{RESULTS}/data/base.whl",
            log:
                f"{RESULTS}/logs/fetch_base.log",
            resources:
                **SMALL,
            params:
                settings=settings("base.source", "base.sha256", section="base"),
            shell:
                "python -m scripts.fetch --archive {output} --settings {params.settings:q} > {log} 2>&1"

    GIVEN_BASE = [] if from_hub(value("base.source")) else value("base.source")
    if value("base.source").startswith("wheel:"):
        GIVEN_BASE = rules.fetch_base.output

    rule base:
        input:
            code("scripts/pretrained.py"),
            given=GIVEN_BASE,
            snippets=rules.snippets.output.snippets,
        output:
            model=directory(f"{RESULTS}/base"),
            report=f"{RESULTS}/base.json",
        log:
            f"{RESULTS}/logs/base.log",
        retries: ask.retries
        resources:
            mem_mb=ask.memory(frozen=2),
            runtime=ask.duration(texts=value("data.held_out") * TEXTS),
            gpu=ask.gpu,
        params:
            settings=settings(
                "base.source",
                "compute",
                file=config["base"].get("file"),
                revision=config["base"].get("revision"),
            ),
            derived_from=settings(*(f"base.{key}" for key in config["base"] if key != "parameters")),
        shell:
            "python -m scripts.pretrained --given {input.given} --snippets {input.snippets} --model {output.model} --report {output.report}"
            " --settings {params.settings:q} > {log} 2>&1"
