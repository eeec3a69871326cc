"""One page that says what was found: data, base model, rewards, and what of each paper's claims holds here."""

import json
from pathlib import Path

import pandas as pd

from lib.jobs.command_line import Output, run
from lib.papers.rewarded_soups.claims import chord_counts
from lib.reporting.tables import as_table, basis, best_of_largest_n, comparisons_as_table, on_ensembles
from lib.statistics.intervals import ends_of

PAGE = """# What was found

{basis}

## Data
{data}

## Base model
{parameters:,} parameters, {bits:.3f} bits per byte on the validation split{trained}.
SFT: {sft}. What it writes when nothing is asked:

{samples}

## Rewards: agreement with human labels that they did not see
{agreement}

`gold` is the judge: no policy and no other reward of this table is trained on it.

## Rewarded Soups (arXiv 2306.04488)
![The front](rewarded_soups/figures/front.png)

KL to θ_sft in nats by the estimator `{estimator}`.

{front}

### Samples
What soups write to the first held-out prompts; λ is the weight of the first reward.

{written}
{factor_average}
### RS-1: linear mode connectivity
![Reward along the chord](rewarded_soups/figures/chord.png)

{chord}

### RS-2: hypervolume above θ_sft
A front of more points looks larger by noise alone: compare those of equal number.

{hypervolume}

### RS-4: for a user whose reward is a weighted sum
{preference}

### RS-5: three rewards
![Three rewards](rewarded_soups/figures/simplex.png)

{balance}

## WARP (arXiv 2406.16768)
![The plane of KL and reward](warp/figures/plane.png)

### W-1: a moving anchor against one fixed at θ_sft
Along training, moving anchor minus fixed, per β: hypervolume in the plane of reward and KL, and the best reward up to
the largest KL that both have come to. Both are trained for as many steps as an iteration has. The interval is over
seeds alone.

{anchors}

### W-2: task vectors are near 90° apart
![The angle in each layer](warp/figures/angles.png)

{angles}

### W-3: SLERP against LERP
![Along λ](warp/figures/weights.png)

{slerp}

### W-4: LITI
{liti}

Held-out reward of the first iteration's front (largest M) minus training's at the same KL; the interval is over seeds
alone.

{trajectories}

### W-5 and W-6: more policies, more iterations
Hypervolume above θ_sft in the plane of reward and KL, held out. The fronts that LITI draws have as many points as
the list of η; the fixed anchors have one per β and θ_sft. Policies of an iteration are trained side by side: its steps
of RL add up, the hours need not.

{warp_hypervolume}

## SALSA (arXiv 2411.01798)
The reference is α θ_sft1 + (1 − α) θ_sft2; at α = 1 it is the SFT model, what SALSA is compared with. Other α and β,
the soup as the start, and the plane of the SFT models and a policy are added by `make salsa`, in `salsa/more`.

![Training](salsa/main/figures/training.png)

KL in nats: to θ_sft1, and to the policy's own reference.

{salsa_policies}

### S-1 to S-3: higher reward, further away, preferred
The first policy minus the second, and how often the gold reward prefers the first, ties counted as half. The reward at
equal KL is the best along training up to the largest KL that both have come to; its interval is over seeds alone.

![Win rates](salsa/main/figures/win_rates.png)

{comparisons}

### S-5: what the soup of the two SFT models has over them
{soup}

## Reward ensembles (arXiv 2406.01013)
Proxies learn what the gold reward prefers, from pairs of the SFT model's own samples of which a share is labelled
wrongly; policies are trained on a proxy. {ensembles_basis} K models, other aggregates, other K and β are added by
`make ensembles`, in `reward_ensembles/more`.

{on_proxies}

{proxies}

### E-1: over-optimisation by RL
![Along training](reward_ensembles/main/figures/training_kl.png)

{on_training}

{ensemble_training}

### E-2: ensembles against one model
{on_comparisons}

{ensemble_comparisons}

### E-5: best of n
![Best of n](reward_ensembles/main/figures/best_of_n.png)

{on_best_of_n}

{best_of_n}
"""


def write_report(
    data: Path,
    base: Path,
    sft: list[Path],
    agreement: list[Path],
    claims: list[Path],
    warp: list[Path],
    angles: list[Path],
    salsa: list[Path],
    ensembles: list[Path],
    samples: Path,
    factor_average: list[Path],
    report: Output,
    metrics: Output,
    *,
    seeds: list[int],
    prompts: int,
    resamples: int,
    best_of_prompts: int,
    held_out_pairs: int,
) -> None:
    """claims: the tables front, chord, hypervolume, preference and balance. warp: hypervolume, anchors, slerp,
    liti and trajectories. angles: of the first iteration's policies, a table per seed. salsa: policies, comparisons
    and soup. ensembles: training, comparisons, best_of_n and proxies. factor_average: its table, where there is one.
    """
    model = json.loads(base.read_text())
    front, chord, hypervolume, preference, balance = (pd.read_csv(path) for path in claims)
    warp_hypervolume, anchors, slerp, liti, trajectories = (pd.read_csv(path) for path in warp)
    salsa_policies, comparisons, soup = (pd.read_csv(path) for path in salsa)
    ensemble_training, ensemble_comparisons, best_of_n, proxies = (pd.read_csv(path) for path in ensembles)
    rewards = [{"reward": path.stem} | json.loads(path.read_text()) for path in agreement]
    on_chords = chord_counts(chord)
    bits = [json.loads(path.read_text())["bits per byte, validation"] for path in sft]
    report.write_text(
        PAGE.format(
            basis=basis(len(seeds), prompts, resamples),
            data=", ".join(f"{key}: {count:,}" for key, count in json.loads(data.read_text()).items()) + ".",
            parameters=model["parameters"],
            trained=f" after {model['training tokens']:,} tokens" if "training tokens" in model else "",
            bits=model["bits per byte, validation"],
            sft=", ".join(f"θ_sft{i} {value:.3f}" for i, value in enumerate(bits, 1)) + " bits per byte",
            samples="\n".join(f"> {sample}\n" for sample in model["samples"]),
            agreement=as_table(pd.DataFrame(rewards).drop(columns="texts", errors="ignore")),
            estimator=front["kl_estimator"].iloc[0],
            front=as_table(front.drop(columns="kl_estimator")),
            chord="\n\n".join(on_chord(reward, counts) for reward, counts in on_chords.items()),
            written=samples_by_prompt(pd.read_csv(samples, dtype={"completion": str})),
            factor_average=on_factor_average(factor_average),
            hypervolume=as_table(hypervolume),
            preference=as_table(preference),
            balance=as_table(balance),
            anchors=as_table(anchors),
            angles=as_table(angle_summary(angles)),
            slerp=as_table(slerp),
            liti=as_table(liti),
            trajectories=as_table(trajectories),
            warp_hypervolume=as_table(warp_hypervolume),
            salsa_policies=as_table(salsa_policies),
            comparisons=comparisons_as_table(comparisons),
            soup=as_table(soup),
            **on_ensembles(best_of_prompts, held_out_pairs),
            proxies=as_table(proxies),
            ensemble_training=as_table(ensemble_training),
            ensemble_comparisons=comparisons_as_table(ensemble_comparisons),
            best_of_n=as_table(best_of_largest_n(best_of_n)),
        )
    )
    numbers = {
        "bits per byte": model["bits per byte, validation"],
        "agreement": {row["reward"]: row["value"] for row in rewards},
        "rewarded soups": {
            "λ on or above the chord": {reward: counts["on or above"] for reward, counts in on_chords.items()},
            "hypervolume": intervals_by("front", hypervolume),
        },
        "warp": {"hypervolume": intervals_by("front", warp_hypervolume)},
        "salsa": win_rates(comparisons),
        "reward ensembles": intervals_by("policy", ensemble_training, "gold_after"),
    }
    metrics.write_text(json.dumps(numbers, indent=2, ensure_ascii=False) + "\n")


def intervals_by(column: str, table: pd.DataFrame, of: str = "value") -> dict[str, dict[str, float]]:
    """Values with their intervals, by what the column names. of: the column of the values."""
    told = dict(zip([of, *ends_of(of)], ["value", "low", "high"]))
    return table.set_index(column)[list(told)].rename(columns=told).to_dict("index")


def win_rates(comparisons: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Of each pair and kind of prompts."""
    rates = comparisons[comparisons["comparison"] == "win rate"]
    names = rates["policy"] + " against " + rates["against"] + ", on " + rates["prompts"]
    return intervals_by("name", rates.assign(name=names))


def samples_by_prompt(samples: pd.DataFrame) -> str:
    """For each prompt a table with a row per λ."""
    parts = []
    for prompt, rows in samples.groupby("prompt", sort=False):
        texts = rows["completion"].fillna("").map(lambda text: " ".join(text.split()).replace("|", "\\|"))
        shown = rows.drop(columns=["prompt", "weight"]).assign(completion=texts)
        shown.insert(0, "λ", rows["weight"])
        parts.append(f"**{prompt}** …\n\n{shown.to_markdown(index=False, floatfmt=('g', '', '.2f', '.2f'))}\n")
    return "\n".join(parts)


def on_factor_average(files: list[Path]) -> str:
    """What averages of LoRA factors would have been; nothing where all weights were trained."""
    if not files:
        return ""
    halfway = pd.read_csv(files[0]).query("weight == 0.5")
    told = ", ".join(f"{row.error:.1%} ({row.pair})" for row in halfway.itertuples())
    return f"""
### Averages of LoRA factors
Policies are averaged as the weights that they stand for. An average of A and of B apart, which public code takes, would
have been off by this share of the task vector's norm at λ = ½: {told}.

![Error of the average of factors](factor_average/factor_average.png)
"""


def angle_summary(paths: list[Path]) -> pd.DataFrame:
    """Angle between task vectors and cosine between whole weights, over layers and pairs of policies, per seed."""
    rows = []
    for path in paths:
        table = pd.read_csv(path)
        turns, cosine = table["degrees"], table["cosine_of_weights"]
        row = {"seed": path.stem.removeprefix("seed-"), "layers": table["layer"].nunique()}
        row |= {"mean angle (degrees)": f"{turns.mean():.1f}", "smallest": f"{turns.min():.1f}"}
        rows.append(row | {"largest": f"{turns.max():.1f}", "smallest cosine of whole weights": f"{cosine.min():.5f}"})
    return pd.DataFrame(rows)


def on_chord(reward: str, counts: dict[str, int]) -> str:
    """At how many λ a reward lies on or above the chord, in words."""
    return (
        f"{reward}: on or above the chord at {counts['on or above']} of {counts['weights']} λ between the experts; "
        f"the interval lies wholly above it at {counts['wholly above']} and wholly below it at "
        f"{counts['wholly below']}."
    )


if __name__ == "__main__":
    run(write_report)
