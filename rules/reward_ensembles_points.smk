# Where the proxies of reward ensembles are, and the policies that are trained on them; what is scored of these.

from lib.papers.reward_ensembles.names import aggregates_of, variants_of as ensemble_variants_of
from lib.reward_models.proxies import ensemble
from lib.papers.reward_ensembles.names import variant_point as ensemble_point


def ensemble_variants(study):
    """The policies of a study of reward ensembles: those of the default experiment, and more."""
    asked = value("reward_ensembles.policies")
    if study == "more":
        asked = asked + value("reward_ensembles.more_policies")
    return ensemble_variants_of(asked, value("reward_ensembles.flipped"))


def ensemble_study_keys(study):
    """The keys that a study's policies come from."""
    keys = ["reward_ensembles.policies", "reward_ensembles.flipped"]
    return keys if study == "main" else [*keys, "reward_ensembles.more_policies"]


def flipped_share(of):
    """The share of the labels that an ensemble learned from that is wrong."""
    return value("reward_ensembles.flipped") if of.flipped is None else of.flipped


def proxy_folders(of, seed):
    """Where the models of an ensemble are. A single model is the first of several, with one head; heads on one encoder
    have its seed, so that what they are compared with has the data in the same order.
    """
    one_encoder = of.kind in ("heads", "frozen_heads")
    trained = f"{of.kind}-{of.members}" if one_encoder else "heads-1"
    numbers = range(1, 2 if one_encoder else of.members + 1)
    place = f"{RESULTS}/reward_ensembles/proxy/{trained}{'-bootstrap' * of.bootstrap}/flipped-{flipped_share(of):g}"
    return [f"{place}/seed-{(100 * int(seed) + number) % 2**32}" for number in numbers]


def ensemble_source(of, seed):
    """An ensemble as lib.reward_models.loading.load takes it."""
    coefficient = value("reward_ensembles.coefficient") if of.aggregate == "uncertainty_weighted" else 0
    return {"models": proxy_folders(of, seed), "aggregate": of.aggregate, "coefficient": coefficient}


def proxies_of(rewards, seed):
    """The models that some ensembles read, each once."""
    return list(dict.fromkeys(folder for of in rewards for folder in proxy_folders(of, seed)))


def proxy_reports(study, ending):
    """What is told of the proxies of a study, of one seed after the other: a file for each model."""
    rewards = aggregates_of(ensemble_variants(study))
    return [f"{folder}{ending}" for seed in value("seeds") for folder in proxies_of(rewards, seed)]


def proxy_parts(study):
    """By proxy, which of a seed's models it is made of."""
    rewards = aggregates_of(ensemble_variants(study))
    folders = proxies_of(rewards, 0)
    return {of.proxy: [folders.index(folder) for folder in proxy_folders(of, 0)] for of in rewards}


def proxy_settings(wildcards):
    """What the script takes: the heads and how they are trained, which is in the folder's name, and the rest."""
    kind, members, *bootstrap = wildcards.proxy.split("-")
    return settings(
        *(["gold.label"] if "label" in config["gold"] else []),
        "reward_ensembles.epochs",
        "reward_ensembles.batch_size",
        "reward_ensembles.parts",
        "reward_ensembles.learning_rate",
        "lora",
        "compute",
        heads=int(members),
        frozen=kind == "frozen_heads",
        bootstrap=bool(bootstrap),
        flipped=float(wildcards.flipped),
        seed=int(wildcards.seed),
        **({} if "label" in config["gold"] else {"label": None}),
    )


def ensemble_folder(of):
    """Where the policies of a reward and β are, a model for each seed."""
    flipped = flipped_share(of.ensemble)
    return f"{RESULTS}/reward_ensembles/policy/{of.ensemble.folder}/flipped-{flipped:g}/beta-{of.beta:g}"


def ensemble_of(wildcards):
    """The reward that a policy's folder names."""
    kind, members, *bootstrap = wildcards.ensemble.split("-")
    asked = {"members": int(members), "aggregate": wildcards.aggregate, "flipped": float(wildcards.flipped)}
    return ensemble({"ensemble": kind, "bootstrap": bool(bootstrap)} | asked, value("reward_ensembles.flipped"))


def ensemble_histories(study):
    """How training went for the policies of a study: the seeds of one, then those of the next."""
    return [f"{ensemble_folder(of)}/seed-{seed}.json" for of in ensemble_variants(study) for seed in value("seeds")]


def ensemble_points(study):
    """The SFT model and the policies of a study, as they are scored."""
    start = value("policy.start")
    models = [start, *ensemble_variants(study)]
    return [
        point("sft", start, models, {start: 1.0}),
        *(point(*ensemble_point(of), models, {of: 1.0}) for of in models[1:]),
    ]
