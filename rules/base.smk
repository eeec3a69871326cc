# The base model θ_pre with its tokenizer: trained from scratch, or pre-trained by others and read from a wheel of the
# package index, a directory, or the hub. Conversations become texts by the tokenizer's chat template.
# Needs the snippets; makes base/, data/texts.jsonl of conversations, and data/lengths.json.

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
                chat=config["data"].get("chat"),
            ),
            derived_from=settings(
                *(f"base.{key}" for key in config["base"] if key != "parameters"),
                *(["data.chat"] if experiment.has("data.chat") else []),
            ),
        shell:
            "python -m scripts.pretrained --given {input.given} --snippets {input.snippets} --model {output.model} --report {output.report}"
            " --settings {params.settings:q} > {log} 2>&1"


SNIPPETS = rules.snippets.output.snippets  # what models read and learn from

if experiment.has("data.chat"):

    rule texts:
        input:
            code("scripts/texts.py"),
            base=rules.base.output.model,
            snippets=rules.snippets.output.snippets,
        output:
            texts=f"{RESULTS}/data/texts.jsonl",
        log:
            f"{RESULTS}/logs/texts.log",
        resources:
            **SMALL,
        params:
            settings=settings("data.chat"),
        shell:
            "python -m scripts.texts --base {input.base} --snippets {input.snippets} --texts {output.texts}"
            " --settings {params.settings:q} > {log} 2>&1"

    SNIPPETS = rules.texts.output.texts


# How much data there are, and how long they are for the base's context, held against the sizes in the parameters. These
# are told by a file that is written when a run begins (run.smk), and no input: so another size trains nothing again that
# does not take it. It is checked there, against what is known from before.
SIZES = f"{RESULTS}/data/sizes.json"


rule fits:
    input:
        code("scripts/fits.py"),
        base=rules.base.output.model,
        snippets=SNIPPETS,
        counts=rules.snippets.output.report,
    output:
        lengths=f"{RESULTS}/data/lengths.json",
    log:
        f"{RESULTS}/logs/fits.log",
    resources:
        **SMALL,
    params:
        settings=settings("data.prompt_words", "data.left_out"),
    shell:
        "python -m scripts.fits --base {input.base} --snippets {input.snippets} --counts {input.counts}"
        " --lengths {output.lengths} --settings {params.settings:q} > {log} 2>&1"


FITS = rules.fits.output.lengths
