# How far an average of the factors A and of B of LoRA policies, which public code takes for their soup, is from their soup.
# Needs LoRA policies of Rewarded Soups and WARP and what they started from; makes factor_average.csv and its figure.

if value("lora") is not None:

    rule factor_average:
        input:
            code("scripts/factor_average.py"),
            start=f"{RESULTS}/{value('policy.start')}",
            pairs=[
                *(f"{RESULTS}/policy/{name}/seed-{SEEDS[0]}" for name in PAIR),
                *(f"{RESULTS}/warp/M-all/iteration-1/policy-{number}/seed-{SEEDS[0]}" for number in (1, 2)),
            ],
        output:
            table=f"{RESULTS}/factor_average.csv",
            figures=directory(f"{RESULTS}/factor_average"),
        log:
            f"{RESULTS}/logs/factor_average.log",
        benchmark:
            f"{RESULTS}/benchmarks/factor_average.tsv"
        threads: 1
        resources:
            mem_mb=memory(),
            runtime=duration(),
        params:
            settings=settings(
                "figures.width",
                "figures.dpi",
                names=["experts of Rewarded Soups, one seed", "policies of WARP, seeds of their own"],
            ),
            derived_from=settings("policy.start", "rewarded_soups.rewards", "seeds"),
        shell:
            "python -m scripts.factor_average --start {input.start} --pairs {input.pairs} --table {output.table}"
            " --figures {output.figures} --settings {params.settings:q} > {log} 2>&1"

    PLOTS |= {f"{rules.factor_average.output.figures}/factor_average.png": None}
