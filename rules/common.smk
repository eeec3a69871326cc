# What every rules file uses: the parameters, checked; what a job depends on; names of results.

import ast
import importlib.util
import json
import sys
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir)
from lib.mixtures import MIXTURE, NAME, between, mixture_name, mixture_weights, simplex
from lib.reward_ensemble_names import aggregates_of, ensemble, variants_of as ensemble_variants_of
from lib.reward_ensemble_names import variant_point as ensemble_point
from lib.salsa_points import CORNERS, Variant, plane_point, variant, variant_point, variants_of
from lib.warp_points import between_point, fixed_point, liti_point

ROOT = Path(workflow.basedir)
RESULTS = f"results/{config.get('experiment')}"
PLOTS = {}  # what `dvc plots` draws: a title or a picture's path, and what dvc.yaml says of it


def wrong_in_params():
    """The keys of params.yaml that are wrong, each with what is wrong about it."""
    schema = yaml.safe_load((ROOT / "rules/params.schema.yaml").read_text())
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        yield ".".join(map(str, error.absolute_path)) or "top level", error.message
        return
    for key in ("rewarded_soups.rewards", "rewarded_soups.simplex_rewards"):
        for name in set(value(key)) - set(config["rewards"]):
            yield key, f"{name!r} is not one of the rewards ({', '.join(config['rewards'])})"
    for key in ("warp.reward", "salsa.reward"):
        try:
            names = set(mixture_weights(value(key)))
        except ValueError as error:
            yield key, str(error)
            return
        for name in names - set(config["rewards"]):
            yield key, f"{name!r} is not one of the rewards ({', '.join(config['rewards'])})"
    for key in ("salsa.pairs", "salsa.more_pairs"):
        for i, (first, second) in enumerate(value(key)):
            if variant(first) == variant(second):
                yield f"{key}.{i}", f"both are the policy {variant(first).name}"
    for name, spec in config["rewards"].items():
        if "function" in spec and not is_defined(spec["function"]):
            yield f"rewards.{name}.function", f"there is no {spec['function']}"
        if isinstance(spec.get("label"), dict) and len(set(spec["label"].values())) < 2:
            yield f"rewards.{name}.label", "all domains have the same number: there is nothing to learn"
    if value("reward_ensembles.best_of") > value("reward_ensembles.samples_per_prompt"):
        yield "reward_ensembles.best_of", "it is more than reward_ensembles.samples_per_prompt"
    if not any(of.ensemble.kind == "single" and of.ensemble.flipped is None for of in ensemble_variants("main")):
        yield "reward_ensembles.policies", "there is no {ensemble: single, beta: ...}, which all others are compared with"
    if value("base.hidden_size") % (2 * value("base.heads")):
        yield "base.heads", f"twice {value('base.heads')} does not divide base.hidden_size"


def module_file(name):
    """Where a module of this repository would be."""
    return ROOT.joinpath(*name.split(".")).with_suffix(".py")


def is_defined(function):
    """Whether module:function is there; a module of this repository is read, not imported."""
    place, name = function.split(":")
    file = module_file(place)
    if file.exists():
        return any(getattr(node, "name", None) == name for node in ast.parse(file.read_text()).body)
    try:
        return importlib.util.find_spec(place) is not None
    except ModuleNotFoundError:
        return False


def value(key):
    """The value of a dotted key of params.yaml; a number in it is a place in a list."""
    found = config
    for part in key.split("."):
        found = found[int(part) if isinstance(found, list) else part]
    return found


def settings(*keys, **values):
    """One JSON object with the values of dotted keys, and others by name, for a job's --settings.

    One string, because Snakemake compares a job's parameters as a set of values: two values
    swapped would go unnoticed. DVC follows the keys that stand in it (lib/dvc_stages.py). Where a value
    by name comes from params.yaml, its keys stand beside it: `derived_from=settings(...)`.
    """
    assert not values.keys() & config.keys(), "a value by name would be taken for a section"
    return json.dumps(plain({key: value(key) for key in keys} | values), sort_keys=True)


def plain(found):
    """The value with 6 for 6.0, which DVC takes for the same."""
    if isinstance(found, dict):
        return {key: plain(inner) for key, inner in found.items()}
    if isinstance(found, list):
        return [plain(inner) for inner in found]
    return int(found) if isinstance(found, float) and found.is_integer() else found


@cache
def code(script):
    """The script and every module of lib and scripts that it imports, directly or not."""
    seen, todo = set(), [script]
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [
                    node.module,
                    *(f"{node.module}.{alias.name}" for alias in node.names),
                ]
            else:
                continue
            todo += [str(file.relative_to(ROOT)) for file in map(module_file, names) if file.exists()]
    return sorted(seen)


def seed_key(number):
    """The key of the seed of sft/1, sft/2."""
    return f"sft.seeds.{int(number) - 1}"


def reward_source(name):
    """Where a reward comes from, as lib.rewards.load takes it."""
    if name not in config["rewards"]:
        raise WorkflowError(f"{name!r} is not one of the rewards of params.yaml ({', '.join(config['rewards'])})")
    spec = config["rewards"][name]
    if "ensemble" in spec:
        return ensemble_source(ensemble(spec, value("reward_ensembles.flipped")), spec.get("seed", 0))
    return spec if "function" in spec else {"model": f"{RESULTS}/reward/{name}"}


def reward_files(names):
    """What a job that uses these rewards has to have: their models, and the modules of their functions."""
    sources = [reward_source(name) for name in names]
    models = [path for source in sources for path in source_models(source)]
    files = [module_file(source["function"].split(":")[0]) for source in sources if "function" in source]
    return models + [name for file in files if file.exists() for name in code(str(file.relative_to(ROOT)))]


def source_models(source):
    """The models that a reward reads."""
    return [source["model"]] if "model" in source else source.get("models", [])


def mixture_sources(mixture):
    """The rewards of a mixture, each with its weight."""
    return {name: reward_source(name) | {"weight": weight} for name, weight in mixture_weights(mixture).items()}


def policy_settings(reward, *keys, split="train", **values):
    """What the script takes: the reward, what all policies share, and what is this policy's own."""
    if value("policy.algorithm") == "ppo":
        keys += ("policy.ppo",)
    else:
        values["ppo"] = {}
    return settings(
        "data.prompt_words",
        "data.left_out",
        "policy.algorithm",
        "policy.prompts_per_step",
        "policy.completions_per_prompt",
        "policy.max_new_tokens",
        "policy.temperature",
        "policy.learning_rate",
        "policy.kl_every",
        "evaluation.kl_estimator",
        *keys,
        reward=reward,
        split=split,
        **values,
    )


def reward_keys(mixture):
    """The keys that the rewards of a mixture come from."""
    names = mixture_weights(mixture)
    return [*(f"rewards.{name}" for name in names), *ensemble_keys(names)]


def all_reward_keys():
    """The keys that all rewards come from."""
    return ["rewards", *ensemble_keys(config["rewards"])]


def ensemble_keys(names):
    """The keys of the section of ensembles that some rewards come from."""
    any_ensemble = any("ensemble" in config["rewards"].get(name, {}) for name in names)
    return ["reward_ensembles.flipped", "reward_ensembles.coefficient"] if any_ensemble else []


def warp_start(wildcards):
    """θ_init of an iteration: θ_sft, then where the last iteration ended."""
    if int(wildcards.iteration) == 1:
        return f"{RESULTS}/{value('policy.start')}"
    return f"{RESULTS}/warp/M-{wildcards.policies}/iteration-{int(wildcards.iteration) - 1}/end/seed-{wildcards.seed}"


def warp_folders(policies, iteration):
    """Where θ_1 … θ_M of an iteration are. The first iterations of all M start alike, and share their policies."""
    of = policies if int(iteration) > 1 else "all"
    return [f"{RESULTS}/warp/M-{of}/iteration-{iteration}/policy-{number}" for number in range(1, int(policies) + 1)]


def warp_policies(wildcards):
    """θ_1 … θ_M of an iteration, of one seed."""
    return [f"{folder}/seed-{wildcards.seed}" for folder in warp_folders(wildcards.policies, wildcards.iteration)]


def warp_histories(iteration, seed):
    """How training went for the policies of an iteration, of the largest M."""
    return [f"{folder}/seed-{seed}.json" for folder in warp_folders(max(value("warp.policies")), iteration)]


def warp_scored():
    """The models that WARP's points are made of, and the points."""
    start = value("policy.start")
    pair = [f"warp/M-all/iteration-1/policy-{number}/seed-{{seed}}" for number in (1, 2)]
    fixed = {beta: f"warp/fixed/beta-{beta}/seed-{{seed}}" for beta in value("warp.fixed_betas")}
    merged = {
        (policies, iteration): f"warp/M-{policies}/iteration-{iteration}/merged/seed-{{seed}}"
        for policies in value("warp.policies")
        for iteration in range(1, value("warp.iterations") + 1)
    }
    models = [start, *merged.values(), *pair, *fixed.values()]
    points = [
        point(*liti_point(*of, eta), models, {start: 1 - eta, merged[of]: eta})
        for of in merged
        for eta in value("warp.front")
    ]
    points += [
        point(*between_point(method, weight), models, {pair[0]: 1 - weight, pair[1]: weight}, of)
        for method, of in (("slerp", "slerp"), ("lerp", "weights"))
        for weight in value("warp.weights")
    ]
    points += [point(*fixed_point(beta), models, {fixed[beta]: 1.0}) for beta in fixed]
    return models, points


def warp_seed(wildcards):
    """A seed of its own for each policy of each iteration; all that draw random numbers take 32 bits."""
    return (10_000 * int(wildcards.seed) + 100 * int(wildcards.iteration) + int(wildcards.number)) % 2**32


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


def proxy_folders(of, seed):
    """Where the models of an ensemble are. A single model is the first of several, with one head."""
    flipped = value("reward_ensembles.flipped") if of.flipped is None else of.flipped
    one_encoder = of.kind in ("heads", "frozen_heads")
    trained = f"{of.kind}-{of.members}" if one_encoder else "heads-1"
    numbers = [0] if one_encoder else range(1, of.members + 1)
    place = f"{RESULTS}/reward_ensembles/proxy/{trained}{'-bootstrap' * of.bootstrap}/flipped-{flipped:g}"
    return [f"{place}/seed-{(100 * int(seed) + number) % 2**32}" for number in numbers]


def ensemble_source(of, seed):
    """An ensemble as lib.rewards.load takes it."""
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
        "reward_ensembles.epochs",
        "reward_ensembles.batch_size",
        "reward_ensembles.learning_rate",
        heads=int(members),
        frozen=kind == "frozen_heads",
        bootstrap=bool(bootstrap),
        flipped=float(wildcards.flipped),
        seed=int(wildcards.seed),
    )


def ensemble_folder(of):
    """Where the policies of a reward and β are, a model for each seed."""
    flipped = value("reward_ensembles.flipped") if of.ensemble.flipped is None else of.ensemble.flipped
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


def evaluation_settings(points, within=True, rewards=None):
    """What the script takes: the points, and how they are judged; within the domains that policies saw, or beyond.

    rewards: names, where they are not all.
    """
    return lambda wildcards: settings(
        "data.prompt_words",
        "data.left_out",
        "policy.max_new_tokens",
        "policy.temperature",
        "evaluation.kl_estimator",
        prompts_held_out=value("evaluation.prompts"),
        reward={name: reward_source(name) for name in (config["rewards"] if rewards is None else rewards)},
        points=points,
        within=within,
        seed=int(wildcards.seed),
    )


def point(method, name, policies, weights, of="weights", anchor=None):
    """What is scored: policies combined in weight space, or of="logits", with weights by policy.

    anchor: a soup of policies, also with weights by policy, to which its KL is told as well.
    """
    by_part = {"weights": weights} if anchor is None else {"weights": weights, "anchor": anchor}
    listed = {part: [given.get(policy, 0.0) for policy in policies] for part, given in by_part.items()}
    return {"method": method, "mixture": name, "of": of} | listed


for key, problem in wrong_in_params():
    sys.exit(f"params.yaml: {key}: {problem}")
config["rewards"] = dict(sorted(config["rewards"].items()))  # their order in the file means nothing


wildcard_constraints:
    seed=r"\d+",
    reward=NAME,
    mixture=MIXTURE,
    policies=r"\d+|all",
    iteration=r"\d+",
    number=r"\d+",
    beta=r"[0-9.e-]+",
    alpha=r"[0-9.e-]+",
    start="sft|soup",
    study="main|more",
    prompts="within|beyond",
    proxy=r"(frozen_)?heads-\d(-bootstrap)?",
    ensemble=r"(single|models|heads|frozen_heads)-\d(-bootstrap)?",
    aggregate="mean|worst_case|uncertainty_weighted",
    flipped=r"[0-9.e-]+",
