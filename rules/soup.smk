# Any soup of the policies of one seed, as a model, such as
#   snakemake results/nano/rewarded_soups/model/seed-1/editorial=0.7+positivity=0.3
# Needs a policy for each reward of the mixture. Other soups that are models use this rule with models of their own:
# that of the SFT pair (sft.smk), the references of SALSA.


rule rewarded_soups_model:
    input:
        code("scripts/soup.py"),
        BASE_OF_LORA,
        policies=lambda wildcards: [
            f"{RESULTS}/policy/{name}/seed-{wildcards.seed}" for name in mixture_weights(wildcards.mixture)
        ],
    output:
        model=directory(f"{RESULTS}/rewarded_soups/model/seed-{{seed}}/{{mixture}}"),
    log:
        f"{RESULTS}/logs/rewarded_soups_model/seed-{{seed}}/{{mixture}}.log",
    resources:
        mem_mb=ask.memory(frozen=1),
        runtime=ask.duration(),
    params:
        settings=lambda wildcards: settings(coefficients=list(mixture_weights(wildcards.mixture).values())),
    shell:
        "python -m scripts.soup --policies {input.policies} --model {output.model}"
        " --settings {params.settings:q} > {log} 2>&1"
