# The texts of the experiment: the human-rated snippets, from an archive whose hash is checked, or prompts of your own,
# from a file of JSON lines, a directory or the hub. Duplicates are dropped, and the split is by text.
# Needs nothing; makes data/snippets.jsonl, and data/archive.tar.gz.

from lib.models.hub import from_hub

if "rows" not in config["data"]:

    rule fetch:
        input:
            code("scripts/fetch.py"),
            [] if value("data.source").startswith("sdist:") else value("data.source"),
        output:
            f"{RESULTS}/data/archive.tar.gz",
        log:
            f"{RESULTS}/logs/fetch.log",
        resources:
            **SMALL,
        params:
            settings=settings("data.source", "data.sha256", section="data"),
        shell:
            "python -m scripts.fetch --archive {output} --settings {params.settings:q} > {log} 2>&1"

    rule snippets:
        input:
            code("scripts/snippets.py"),
            archive=rules.fetch.output,
        output:
            snippets=f"{RESULTS}/data/snippets.jsonl",
            report=f"{RESULTS}/data/snippets.json",
        log:
            f"{RESULTS}/logs/snippets.log",
        resources:
            **SMALL,
        params:
            settings=settings("data.held_out"),
        shell:
            "python -m scripts.snippets --archive {input.archive} --snippets {output.snippets}"
            " --report {output.report} --settings {params.settings:q} > {log} 2>&1"

else:

    rule snippets:
        input:
            code("scripts/examples.py"),
            experiment.code.of_function(value("data.rows.function")),
            given=[] if from_hub(value("data.source")) else value("data.source"),
        output:
            snippets=f"{RESULTS}/data/snippets.jsonl",
            report=f"{RESULTS}/data/snippets.json",
        log:
            f"{RESULTS}/logs/snippets.log",
        resources:
            **SMALL,
        params:
            settings=settings(
                "data.source",
                "data.split",
                "data.rows",
                "data.labels",
                "data.held_out",
                name=config["data"].get("name"),
                revision=config["data"].get("revision"),
                chat=experiment.has("data.chat"),
            ),
            derived_from=settings(*(f"data.{key}" for key in ("name", "revision") if key in config["data"])),
        shell:
            "python -m scripts.examples --given {input.given} --snippets {output.snippets} --report {output.report}"
            " --settings {params.settings:q} > {log} 2>&1"
