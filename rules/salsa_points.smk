# Where SALSA's policies and references are, and what is scored of them.

from lib.papers.salsa.names import CORNERS, Variant, plane_point, variant, variant_point, variants_of


def salsa_pairs(study):
    """The pairs of policies that a study of SALSA compares: those of the default experiment, and more."""
    asked = value("salsa.pairs") + (value("salsa.more_pairs") if study == "more" else [])
    return list(dict.fromkeys((variant(first), variant(second)) for first, second in asked))


def salsa_variants(study):
    """The policies of a study, each once."""
    return variants_of(salsa_pairs(study))


def salsa_scored(study):
    """The policies that a study scores; `more` has those of `main` from there."""
    return [of for of in salsa_variants(study) if study == "main" or of not in salsa_variants("main")]


def salsa_keys(study):
    """The keys that a study's policies come from."""
    return ["salsa.pairs"] if study == "main" else ["salsa.pairs", "salsa.more_pairs"]


def salsa_folder(of):
    """Where a policy of SALSA is. With the SFT model as reference it may be one that Rewarded Soups has trained."""
    shared = value("policy.start") == value("policy.anchor") == "sft/1"
    if shared and of == Variant("sft", 1.0, value("policy.beta")):
        return f"{RESULTS}/policy/{value('salsa.reward')}"
    return f"{RESULTS}/salsa/policy/start-{of.start}/alpha-{of.alpha:g}/beta-{of.beta:g}"


def salsa_anchor(alpha):
    """The reference α θ_sft1 + (1 − α) θ_sft2."""
    known = {1: "sft/1", 0.5: "sft/soup", 0: "sft/2"}
    folder = known.get(float(alpha), f"salsa/reference/alpha-{float(alpha):g}")
    return f"{RESULTS}/{folder}"


def salsa_models(variants, seed):
    """The models that points of SALSA are made of: the SFT pair, and policies of one seed."""
    return [f"{RESULTS}/sft/1", f"{RESULTS}/sft/2", *(f"{salsa_folder(of)}/seed-{seed}" for of in variants)]


def salsa_points(variants):
    """Policies of SALSA as they are scored, each with its reference."""
    models = ["sft/1", "sft/2", *variants]
    return [
        point(*variant_point(of), models, {of: 1.0}, anchor={"sft/1": of.alpha, "sft/2": 1 - of.alpha})
        for of in variants
    ]


def salsa_score_files(study, prompts):
    """The scores of a study's policies: of each set of them, a file per seed."""
    sets = ["main", "more"] if study == "more" and salsa_scored("more") else ["main"]
    return [f"{RESULTS}/scores/salsa/{of}/{prompts}/seed-{seed}.csv" for of in sets for seed in value("seeds")]


def salsa_histories(variants):
    """How training went for policies of SALSA: the seeds of one, then those of the next."""
    return [f"{salsa_folder(of)}/seed-{seed}.json" for of in variants for seed in value("seeds")]
