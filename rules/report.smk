# One page that says what was found.
# Needs the reports of all stages; makes report.md, and its main numbers as metrics.json.


rule report:
    input:
        code("scripts/report.py"),
        rules.rewarded_soups_figures.output,
        rules.warp_figures.output,
        expand(rules.salsa_figures.output, study="main"),
        expand(rules.reward_ensembles_figures.output, study="main"),
        data=rules.snippets.output.report,
        base=rules.base.output.report,
        sft=expand(rules.sft.output.report, number=SFT_NAMES),
        agreement=[
            *(f"{RESULTS}/reward/{name}.json" for name in config["rewards"] if "label" in config["rewards"][name]),
            *([rules.gold.output.report] if "label" in config["gold"] else []),
        ],
        claims=[
            rules.rewarded_soups_claims.output[name]
            for name in ("front", "chord", "hypervolume", "preference", "balance")
        ],
        warp=[rules.warp_claims.output[name] for name in ("hypervolume", "anchors", "slerp", "liti", "trajectories")],
        salsa=expand(rules.salsa_claims.output, study="main"),
        ensembles=[
            expand(rules.reward_ensembles_claims.output[name], study="main")
            for name in ("training", "comparisons", "best_of_n", "proxies")
        ],
        samples=rules.rewarded_soups_samples.output.samples,
        factor_average=[] if value("lora") is None else rules.factor_average.output,
        angles=expand(rules.warp_merge.output.angles, policies=MOST, iteration=1, seed=SEEDS),
    output:
        report=f"{RESULTS}/report.md",
        metrics=f"{RESULTS}/metrics.json",
    log:
        f"{RESULTS}/logs/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report.tsv"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=duration(),
    params:
        settings=settings(
            "seeds",
            "evaluation.prompts",
            "evaluation.resamples",
            "reward_ensembles.best_of_prompts",
            "reward_ensembles.held_out_pairs",
        ),
    shell:
        "python -m scripts.report --data {input.data} --base {input.base} --sft {input.sft}"
        " --agreement {input.agreement} --claims {input.claims} --warp {input.warp} --angles {input.angles}"
        " --salsa {input.salsa} --ensembles {input.ensembles} --samples {input.samples}"
        " --factor_average {input.factor_average} --report {output.report}"
        " --metrics {output.metrics} --settings {params.settings:q} > {log} 2>&1"
