# Where WARP's policies and merges are, and what is scored of them.

from lib.papers.warp.names import between_point, fixed_point, liti_point


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
        for method, of in (("slerp", "slerp"), ("lerp", "linear"))
        for weight in value("warp.weights")
    ]
    points += [point(*fixed_point(beta), models, {fixed[beta]: 1.0}) for beta in fixed]
    return models, points


def warp_seed(wildcards):
    """A seed of its own for each policy of each iteration; all that draw random numbers take 32 bits."""
    return (10_000 * int(wildcards.seed) + 100 * int(wildcards.iteration) + int(wildcards.number)) % 2**32
