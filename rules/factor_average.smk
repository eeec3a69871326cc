# How far an average of the LoRA factors A and of the factors B, which public code uses as a soup, is from the soup of
# the policies' weights. Needs pairs of LoRA policies, from the papers that have some, and θ_sft; makes
# factor_average.csv and its figure.

PAIRS = {name: pair for paper in papers.values() for name, pair in paper.lora_pairs.items()}

if experiment.lora is not None and PAIRS:

    rule factor_average:
        input:
            code("scripts/factor_average.py"),
            every(PAIRS),
            start=START,
        output:
            table=f"{RESULTS}/factor_average.csv",
            figures=directory(f"{RESULTS}/factor_average"),
        log:
            f"{RESULTS}/logs/factor_average.log",
        resources:
            **SMALL,
        params:
            settings=settings("figures.width", "figures.dpi", pairs=PAIRS),
            derived_from=settings(
                "policy.start", "seeds", *(["rewarded_soups.rewards"] if "rewarded_soups" in papers else [])
            ),
        shell:
            "python -m scripts.factor_average --start {input.start} --table {output.table}"
            " --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"

    PLOTS |= {f"{rules.factor_average.output.figures}/factor_average.png": None}
    REPORT["factor_average"] = {"files": {"table": rules.factor_average.output.table}, "keys": []}
