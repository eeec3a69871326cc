"""The tab of Rewarded Soups: the front, and all that is known of a point that is chosen on it.

Longer than other modules: the front, the choice of a point, and what each point tells.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.fronts import scores_of
from lib.papers.rewarded_soups.names import weights_of
from lib.papers.rewarded_soups.styles import METHODS, OTHERS
from lib.reporting.charts import LARGER, NEARER, Data, Tab, axis, chart, marks, number, series, text
from lib.reporting.figures import COLOURS, CYCLE, placed, seeds_of, title_of
from lib.reporting.page import Files
from lib.reward_models.mixtures import between, mixture_weights
from lib.statistics.intervals import intervals
from lib.statistics.scores import ALONGSIDE, PointName, front_table

THREE = "soups of three experts"
UNITS = {"gold": "as the judge gives it", "kl": "nats", "tokens": "", "words": "different ones"}
ABOUT = (
    "Each point is a policy, by its rewards on held-out prompts. Two experts were trained, one on each reward; a soup "
    "is the average of their weights with λ of the {first} expert, and needs no training. Points that another one "
    "beats on both rewards are grey. Tick a method to see or hide it. Choose λ, a policy of the list, or a point of "
    "the chart."
)


def tab(files: Files) -> Tab:
    """From the evidence, and from samples of what policies write."""
    evidence = Evidence.read(files["evidence"])
    rewards = evidence.settings["rewards"]
    scores = scores_of(evidence)
    points = [point for point in scores.points if point[0] in METHODS | OTHERS]
    written, moved = samples_of(files["samples"], rewards), frames_of(files["samples"])
    blocks = [
        text(ABOUT.format(first=rewards[0])),
        front(evidence, points),
        chooser(evidence, points, written, moved),
        *along(evidence),
    ]
    return Tab("Front", blocks, (files["figures"] / "front.png", "The front: both rewards of every policy"))


def key_of(point: PointName) -> str:
    """By which the page knows a point."""
    return " ".join(point)


def on_pair(evidence: Evidence, points: Sequence[PointName], method: str) -> list[PointName]:
    """A method's points that mix only the rewards of the axes, by the weight of the first."""
    rewards = evidence.settings["rewards"]
    chosen = [point for point in points if point[0] == method and set(weights_of(*point, rewards)) <= set(rewards)]
    return sorted(chosen, key=lambda point: weights_of(*point, rewards).get(rewards[0], 0))


def title(evidence: Evidence, point: PointName) -> str:
    """A point's name in words."""
    (method, name), rewards = point, evidence.settings["rewards"]
    weights = weights_of(method, name, rewards)
    if method == "sft":
        named = {"base": "θ_pre", "sft/soup": "soup of the SFT pair"}
        return named.get(name, f"θ_sft{name.rpartition('/')[2]}")
    first = weights.get(rewards[0], 0)
    if not set(weights) <= set(rewards):
        return "soup of " + ", ".join(f"{weight:.2g} {reward}" for reward, weight in weights.items())
    if method == "soup" and first in (0, 1):
        return f"the {name} expert, λ = {first:g}"
    named = {"soup": "soup", "morl": "MORL", "mod": "MOD"} | {other: label for other, (label, _) in OTHERS.items()}
    return f"{named[method]}, {'μ' if method in ('morl', 'bone') else 'λ'} = {first:g}"


def front(evidence: Evidence, points: Sequence[PointName]) -> Data:
    """Both rewards of every policy."""
    scores, (x, y), units = scores_of(evidence), evidence.settings["rewards"], evidence.settings["units"]
    groups = {method: on_pair(evidence, points, method) for method in METHODS}
    drawn = [
        series(label, COLOURS[method], marker, seen(evidence, groups[method]), line="solid" * (method == "soup"))
        for method, (label, marker) in METHODS.items()
        if groups[method]
    ]
    for method, (label, marker) in OTHERS.items():
        if also := on_pair(evidence, points, method):
            drawn.append(series(label, COLOURS[method], marker, seen(evidence, also), shown=False))
    of_three = [point for point in points if point[0] == "soup" and point not in groups["soup"]]
    if of_three:
        drawn.append(series(THREE, CYCLE[1], "D", seen(evidence, of_three), shown=False))
    return chart(
        f"Soups against policies trained for one preference each, by {x} and {y}",
        axis(f"{x} ({units[x]})", LARGER),
        axis(f"{y} ({units[y]})", LARGER),
        drawn,
        front=True,
        marked=reference_points(evidence),
        note=f"{title_of(scores).capitalize()}. +: the two points that hypervolume is measured from.",
    )


def seen(evidence: Evidence, points: Sequence[PointName]) -> list[Data]:
    """Points on the plane of both rewards; λ stands beside the ends and the middle of the soups."""
    x, y = evidence.settings["rewards"]
    scores = scores_of(evidence)
    found = marks(
        front_table(scores, [x, y], points),
        x,
        y,
        [title(evidence, point) for point in points],
        seeds_of(scores, points, x, y),
        [key_of(point) for point in points],
    )
    for mark, point in zip(found, points):
        weights = weights_of(*point, (x, y))
        weight = weights.get(x, 0)
        if point[0] == "soup" and set(weights) <= {x, y} and weight in (0, 0.5, 1):
            mark["tag"] = f"λ = {weight:g}"
    return found


def reference_points(evidence: Evidence) -> list[Data]:
    """Those of hypervolume: the rewards of θ_sft, and the nadir of the experts, the worse of each reward."""
    rewards = evidence.settings["rewards"]
    named = [("sft", evidence.settings["start"]), *(("soup", name) for name in between(rewards, [0, 1]))]
    sft, *ends = scores_of(evidence).sample(named, rewards).values.reshape(-1, 3, 2).mean(0)
    nadir = np.min(ends, axis=0)
    return [
        {"name": name, "x": number(x), "y": number(y)}
        for name, (x, y) in (("θ_sft", sft), ("nadir of the experts", nadir))
    ]


def chooser(
    evidence: Evidence,
    points: Sequence[PointName],
    written: Mapping[PointName, list[str]],
    moved: Mapping[PointName, list[Data]],
) -> Data:
    """λ on a slider, with three rewards a triangle, and what is told of each point. moved: `frames_of`."""
    settings, scores = evidence.settings, scores_of(evidence)
    told = [column for column in [*settings["columns"], *ALONGSIDE] if column in scores.columns]
    soups = on_pair(evidence, points, "soup")
    first = settings["rewards"][0]
    weights = [mixture_weights(point[1]).get(first, 0) for point in soups]
    steps = [{"key": key_of(point), "value": f"{weight:.4g}"} for point, weight in zip(soups, weights)]
    experts = [("soup", name) for name in between(settings["rewards"], [1, 0])]
    beside = [*experts, ("sft", settings["start"])]
    return {
        "kind": "chooser",
        "label": f"λ, the weight of the {first} expert",
        "steps": steps,
        "begin": steps[min(range(len(weights)), key=lambda i: abs(weights[i] - 0.5))]["key"],
        "triangle": triangle(evidence, points),
        "columns": [column_of(name, settings["units"]) for name in told],
        "seeds": scores.seeds,
        "prompts": written.get(("", "prompts"), []),
        "beside": [key_of(point) for point in beside if point in written],
        "points": details(evidence, points, told, written, moved),
    }


def column_of(name: str, units: Mapping[str, str]) -> Data:
    """A column's name, unit, and whether larger is better."""
    label = {"kl": "KL to θ_sft", "gold": "gold reward", "bits_per_byte": "bits per byte of held-out text"}
    better = LARGER if name in units or name == "gold" else (NEARER if name == "kl" else "")
    return {"name": label.get(name, name), "unit": units.get(name, UNITS.get(name, "")), "better": better}


def triangle(evidence: Evidence, points: Sequence[PointName]) -> Data | None:
    """Soups of three experts by their weights, or none without three rewards."""
    rewards = evidence.settings["simplex_rewards"]
    if not rewards:
        return None
    inside = [point for point in points if point[0] == "soup" and set(mixture_weights(point[1])) <= set(rewards)]
    places = [[mixture_weights(point[1]).get(reward, 0) for reward in rewards] for point in inside]
    return {
        "label": "Soups of three experts",
        "corners": rewards,
        "points": [
            {"key": key_of(point), "weights": [number(weight) for weight in place]}
            for point, place in zip(inside, places)
        ],
    }


def details(
    evidence: Evidence,
    points: Sequence[PointName],
    told: list[str],
    written: Mapping[PointName, list[str]],
    moved: Mapping[PointName, list[Data]],
) -> dict[str, Data]:
    """Of each point its title, numbers, samples, the target that makes it a model, and the nearest MORL policy."""
    scores, morl = scores_of(evidence), dict(nearest_morl(evidence, points))
    sample, found = scores.sample(points, told), {}
    shape = (len(points), len(told))
    mean, (low, high) = sample.mean.reshape(shape), (end.reshape(shape) for end in intervals(sample))
    by_seed = sample.values.reshape(-1, *shape)
    for i, point in enumerate(points):
        values = [
            {
                "mean": number(mean[i, j]),
                "ends": [number(low[i, j]), number(high[i, j])],
                "seeds": [number(value) for value in by_seed[:, i, j]],
            }
            for j in range(len(told))
        ]
        entry = {"title": title(evidence, point), "values": values, "texts": written.get(point, [])}
        if point in moved:
            entry["frames"] = moved[point]
        found[key_of(point)] = entry | target_of(point, scores.seeds[0]) | morl.get(point, {})
    return found


def target_of(point: PointName, seed: int) -> dict[str, str]:
    """What snakemake makes of a point, below the folder of the results; none for MOD, which is no one model."""
    method, name = point
    targets = {"morl": f"policy/{name}/seed-{seed}", "sft": name}
    if method == "soup":
        single = "=" not in name
        targets["soup"] = f"policy/{name}/seed-{seed}" if single else f"rewarded_soups/model/seed-{seed}/{name}"
    return {"target": targets[method]} if method in targets else {}


def nearest_morl(evidence: Evidence, points: Sequence[PointName]) -> Iterator[tuple[PointName, Data]]:
    """For each soup, the MORL policy whose two rewards are nearest."""
    rewards, scores = evidence.settings["rewards"], scores_of(evidence)
    policies = [point for point in points if point[0] == "morl"]
    soups = [point for point in points if point[0] == "soup"]
    if not policies:
        return
    places = scores.sample([*policies, *soups], rewards).mean.reshape(-1, 2)
    ours, theirs = places[len(policies) :], places[: len(policies)]
    for soup, place in zip(soups, ours):
        nearest = policies[int(np.linalg.norm(theirs - place, axis=1).argmin())]
        yield soup, {"near": {"key": key_of(nearest), "name": title(evidence, nearest)}}


def along(evidence: Evidence) -> Iterator[Data]:
    """Each reward and KL along λ, with the chord between the experts' rewards."""
    scores, settings = scores_of(evidence), evidence.settings
    soups = on_pair(evidence, scores.points, "soup")
    first, names, keys = settings["rewards"][0], [title(evidence, point) for point in soups], list(map(key_of, soups))
    weights = [mixture_weights(point[1]).get(first, 0) for point in soups]
    x = axis(f"λ of the {first} expert")
    for column in (*settings["rewards"], "kl"):
        table = front_table(scores, [column], soups).assign(weight=weights)
        by_seed = placed(weights, scores.sample(soups, [column]).values)
        found = marks(table, "weight", column, names, by_seed, keys)
        drawn = [series("soups", COLOURS["soup"], "o", found, line="solid")]
        if column == "kl":
            yield chart("How far soups go from θ_sft along λ", x, axis("KL to θ_sft (nats)", NEARER), drawn, height=300)
            continue
        chord = [{key: end[key] for key in ("name", "x", "y")} for end in (found[0], found[-1])]
        drawn.append(series("chord between the experts", COLOURS["sft"], "", chord, line="dashed"))
        y = axis(f"{column} ({settings['units'][column]})", LARGER)
        yield chart(f"Soups against the chord between the experts, by {column}", x, y, drawn, height=300)


def samples_of(path: Path, rewards: Sequence[str]) -> dict[PointName, list[str]]:
    """Of each point what it writes to some prompts; the prompts themselves under ("", "prompts").

    path: rows of prompt and completion, with method and mixture or, of soups alone, λ of the first reward.
    """
    table = pd.read_csv(path, dtype={"completion": str}).fillna({"completion": ""})
    if "λ" in table:
        table = table.assign(method="soup", mixture=between(rewards, table["λ"]))
    prompts = list(dict.fromkeys(table["prompt"]))
    found: dict[PointName, list[str]] = {("", "prompts"): prompts}
    for point, rows in table.groupby(["method", "mixture"], sort=False):
        by_prompt = rows.set_index("prompt")["completion"]
        found[point] = [by_prompt[prompt] for prompt in prompts]
    return found


def frames_of(path: Path) -> dict[PointName, list[Data]]:
    """Of each point of a robot how it moves from some starts: frames, each the parts of the robot; none of others."""
    table = pd.read_csv(path)
    if "frames" not in table:
        return {}
    by_point = table.dropna(subset="frames").groupby(["method", "mixture"], sort=False)["frames"]
    return {point: [json.loads(frames) for frames in rows] for point, rows in by_point}
