"""The whole graph on the smoke experiment: what comes out, twice the same, and accidents on the way."""

import json
import re
from itertools import combinations

import pandas as pd
import pytest
import torch
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer

from lib.data.prompts import prompts, some_prompts
from lib.merging import Weights, linear_soup, liti, slerp
from lib.models.weights import weights_of
from lib.papers.claims import Claim, claims_table
from lib.papers.evidence import Evidence
from lib.papers.register import claims_of
from lib.reward_models.loading import load
from tests.checkout import SMOKED, Checkout

RESULTS = "results/smoke"


def test_every_result_is_there(finished):
    results = finished.root / RESULTS
    figures = [
        f"rewarded_soups/figures/{name}.{kind}" for name in ("front", "chord", "simplex") for kind in ("png", "pdf")
    ]
    figures += [f"salsa/main/figures/{name}.{kind}" for name in ("training", "win_rates") for kind in ("png", "pdf")]
    figures += [f"warp/figures/{name}.{kind}" for name in ("plane", "weights", "angles") for kind in ("png", "pdf")]
    figures += [f"reward_ensembles/main/figures/{name}.png" for name in ("training_kl", "best_of_n", "calibration")]
    pages = ["report.md", "claims.md", "sft/soup/README.md", "sft/spread.json"]
    for name in [*pages, "base/model.safetensors", *figures]:
        assert (results / name).stat().st_size > 0
    assert not list(results.rglob("*.partial"))
    assert not [path for path in results.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]


def test_the_data_is_split_and_its_duplicate_counted(finished):
    counts = json.loads((finished.root / RESULTS / "data/snippets.json").read_text())
    assert counts["found"] == 801
    assert counts["duplicates removed"] == 1
    assert counts["train"] + counts["validation"] + counts["test"] == 800


def test_the_sft_model_has_no_kl_to_itself_and_the_estimator_is_named(finished):
    scores = pd.read_csv(finished.root / RESULTS / "scores/sft/seed-1.csv")
    sft = scores[(scores["method"] == "sft") & (scores["mixture"] == "sft/1")]
    assert sft["kl"].abs().max() < 1e-4
    assert set(scores["kl_estimator"]) == {"exact_per_token"}
    assert scores["tokens"].between(1, 6).all() and scores["words"].between(0, 6).all()
    assert scores["bits_per_byte"].gt(0).all()


def test_policies_are_judged_on_prompts_of_every_domain_and_of_the_one_left_out_apart(finished):
    results = finished.root / RESULTS
    for within, domains in ((True, {"movie", "editorial", "tweet"}), (False, {"product"})):
        test = prompts(results / "data/snippets.jsonl", "test", 5, "product", within)
        judged, rests = some_prompts(test, 30, "evaluation.prompts")
        assert len(judged) == len(rests) == 30
        assert set(test[test["prompt"].isin(judged)]["domain"]) == domains
    with pytest.raises(ValueError, match=r"evaluation\.prompts: there are \d+ prompts, not 5000"):
        some_prompts(test, 5000, "evaluation.prompts")


def test_the_report_says_what_it_rests_on(finished):
    report = (finished.root / RESULTS / "report.md").read_text()
    assert "say nothing about what another seed would give" in report
    assert re.search(r"positivity: on or above the chord at \d of 2 λ", report)


def test_no_verdict_is_given_on_one_seed_and_every_claim_is_told(finished):
    results = finished.root / RESULTS
    judged = pd.read_csv(results / "claims.csv").query("primary")
    assert set(judged["verdict"]) == {"no verdict: too few seeds", "not testable here"}
    assert judged.groupby("paper").size().to_dict() == {paper: len(primary(paper)) for paper in SMOKED}
    assert judged["reason"].notna().equals(judged["verdict"] == "not testable here")
    for page in ("report.md", "claims.md"):
        assert all(f"| {claim}" in (results / page).read_text() for claim in judged["claim"])


def primary(paper: str) -> list[Claim]:
    """The claims of a paper, without further comparisons."""
    return [claim for claim in claims_of(paper) if claim.primary]


def test_claims_are_judged_by_the_recorded_evidence_alone(finished):
    results = finished.root / RESULTS
    folders = {paper: results / paper for paper in ("rewarded_soups", "warp")}
    folders |= {paper: results / paper / "main" for paper in ("salsa", "reward_ensembles")}
    found = {paper: Evidence.read(folders[paper] / "evidence") for paper in SMOKED}
    text = claims_table({paper: claims_of(paper) for paper in SMOKED}, found).to_csv(index=False)
    assert text == (results / "claims.csv").read_text()


def test_samples_at_equal_kl_are_of_the_same_prompts_and_about_as_far(finished):
    for paper in SMOKED:
        samples = pd.read_csv(finished.root / RESULTS / paper / "samples_at_equal_kl.csv")
        policies = set(samples["policy"])
        assert len(policies) > 1
        assert all(set(rows["policy"]) == policies for _, rows in samples.groupby("prompt"))


def test_any_soup_can_be_had_as_a_model(copy_of_finished):
    folder = f"{RESULTS}/rewarded_soups/model/seed-1/editorial=0.7+positivity=0.3"
    copy_of_finished.snakemake("--", folder)
    path = copy_of_finished.root / folder
    soup, tokenizer = AutoModelForCausalLM.from_pretrained(path), AutoTokenizer.from_pretrained(path)
    experts = [
        weights_of(AutoModelForCausalLM.from_pretrained(copy_of_finished.root / RESULTS / f"policy/{name}/seed-1"))
        for name in ("positivity", "editorial")
    ]
    for name, tensor in linear_soup(experts, [0.3, 0.7]).items():
        assert (weights_of(soup)[name] == tensor).all()
    drawn = soup.generate(**tokenizer("the film", return_tensors="pt"), max_new_tokens=3)
    assert tokenizer.decode(drawn[0], skip_special_tokens=True).startswith("the film")
    card = (path / "README.md").read_text()
    assert "| 0.3 | `results/smoke/policy/positivity/seed-1` |" in card


def test_an_iteration_of_warp_merges_its_policies_and_steps_back_to_its_start(finished):
    def read(path: str) -> Weights:
        return weights_of(AutoModelForCausalLM.from_pretrained(finished.root / RESULTS / path))

    def same(ours: Weights, theirs: Weights) -> bool:
        return all(torch.allclose(ours[name], theirs[name], rtol=0, atol=1e-6) for name in theirs)

    warp = "warp/M-2/iteration-{}"
    starts = {1: "sft/1", 2: "warp/M-2/iteration-1/end/seed-1"}
    policies = {1: "warp/M-all/iteration-1/policy-{}/seed-1", 2: "warp/M-2/iteration-2/policy-{}/seed-1"}
    for iteration in (1, 2):
        start, first, second = read(starts[iteration]), *(read(policies[iteration].format(i)) for i in (1, 2))
        assert not same(first, second)
        merged = slerp(start, [first, second], [0.5])
        assert same(read(warp.format(iteration) + "/merged/seed-1"), merged)
        assert same(read(warp.format(iteration) + "/end/seed-1"), liti(start, merged, 0.3))
        turns = pd.read_csv(finished.root / RESULTS / warp.format(iteration) / "merged/seed-1.csv")
        assert list(turns["layer"]) == ["model.embed_tokens.weight", "model.layers.0", "model.norm.weight"]
    assert same(read("warp/M-1/iteration-1/merged/seed-1"), read(policies[1].format(1)))


def test_warps_first_policy_and_one_with_a_fixed_anchor_begin_with_the_same_completions(finished):
    of_warp = finished.root / RESULTS / "warp"
    histories = [of_warp / f"{policy}/seed-1.json" for policy in ("M-all/iteration-1/policy-1", "fixed/beta-0.05")]
    moving, fixed = (json.loads(path.read_text())["history"] for path in histories)
    assert moving[0] == fixed[0]
    assert moving[2] != fixed[2]


def test_warps_points_are_the_models_that_they_name(finished):
    """Where two points are one model their completions are the same; where η is 0 it is θ_sft."""
    scores = pd.read_csv(finished.root / RESULTS / "scores/warp/seed-1.csv").set_index(["method", "mixture"])
    assert scores.loc[("liti", "M=2 iteration=2 η=0"), "kl"].abs().max() < 1e-4
    assert scores.loc[("liti", "M=2 iteration=2 η=1"), "kl"].mean() > 1e-6
    for end in ("λ=0", "λ=1"):
        one, other = (scores.loc[(method, end), "completion"] for method in ("slerp", "lerp"))
        assert list(one) == list(other)


def test_a_policy_starts_at_the_sft_model_and_its_reference_is_the_soup(finished):
    """KL to θ_sft1 is 0 at the first step, and that to the reference is not."""
    policy = finished.root / RESULTS / "salsa/policy/start-sft/alpha-0.5/beta-0.05/seed-1"
    first = json.loads(policy.with_name("seed-1.json").read_text())["history"][0]
    assert first["kl"] == pytest.approx(0, abs=1e-5)
    assert abs(first["kl_to_anchor"]) > 1e-5
    shared = json.loads((finished.root / RESULTS / "policy/positivity/seed-1.json").read_text())["history"][0]
    assert shared["kl_to_anchor"] == pytest.approx(0, abs=1e-6)
    scores = pd.read_csv(finished.root / RESULTS / "scores/salsa/main/beyond/seed-1.csv").set_index("mixture")
    with_sft, with_soup = (scores.loc[f"α={alpha} β=0.05"] for alpha in ("1", "0.5"))
    assert list(with_sft["kl"]) == list(with_sft["kl_to_anchor"])
    assert list(with_soup["kl"]) != list(with_soup["kl_to_anchor"])


@pytest.mark.long
def test_all_of_salsa(copy_of_finished):
    copy_of_finished.snakemake("--", "salsa")
    more = copy_of_finished.root / RESULTS / "salsa/more"
    pages = [
        "figures/training.png",
        "figures/win_rates.png",
        "figures/alphas.png",
        "plane/segment.png",
        "plane/plane.png",
    ]
    report = (more / "report.md").read_text()
    for page in pages:
        assert (more / page).stat().st_size > 0
        assert f"]({page})" in report
    rates = pd.read_csv(more / "comparisons.csv").query("comparison == 'win rate'")
    assert len(rates) == 3 * 2
    assert rates["value"].between(0, 1).all()
    assert list(pd.read_csv(more / "plane/segment.csv")["alpha"].unique()) == [0.5]


def test_what_judges_proxies_and_policies_is_no_prompt_of_the_training_split(finished):
    """Held-out pairs, best-of-n and policies along their training; the gold reward has learned from that split."""
    results = finished.root / RESULTS
    texts = pd.read_json(results / "data/snippets.jsonl", lines=True)
    words = yaml.safe_load((finished.root / "params.yaml").read_text())["data"]["prompt_words"]

    learned = set(texts["text"][texts["split"] == "train"].str.split(" ").str[:words].str.join(" "))
    pairs = pd.read_json(results / "reward_ensembles/preferences.jsonl", lines=True)
    samples = pd.read_json(results / "reward_ensembles/best_of_n/samples.jsonl", lines=True)
    assert (pairs["gold_first"] != pairs["gold_second"]).all()
    assert pairs["first"][pairs["split"] == "train"].str.startswith(tuple(learned)).all()
    assert not pairs["first"][pairs["split"] == "validation"].str.startswith(tuple(learned)).any()
    assert not samples["text"].str.startswith(tuple(learned)).any()
    for split in ("validation", "test"):
        held_out = prompts(results / "data/snippets.jsonl", split, words, "product")["prompt"]
        assert len(held_out) > 0
        assert not set(held_out) & learned


def test_policies_on_proxies_are_recorded_by_gold_and_proxy(finished):
    path = finished.root / RESULTS / "reward_ensembles/policy/heads-3/worst_case/flipped-0.25/beta-0/seed-1.json"
    history = pd.DataFrame(json.loads(path.read_text())["history"])
    assert history[["proxy", "gold"]].notna().all(axis=None)
    assert history["tokens"].between(1, 6).all()
    assert history["kl"].iloc[0] == pytest.approx(0, abs=1e-5)


def test_best_of_n_has_the_scores_of_the_samples_that_are_there(finished):
    """Of one sample the mean of all; of n the gold reward of what the proxy likes best."""
    results = finished.root / RESULTS / "reward_ensembles"
    samples = pd.read_json(results / "best_of_n/samples.jsonl", lines=True)
    proxy = load(
        "proxy",
        {
            "kind": "label",
            "models": [results / "proxy/heads-1/flipped-0.25/seed-101"],
            "aggregate": "mean",
            "coefficient": 0,
        },
    )
    samples["proxy"] = proxy([""] * len(samples), list(samples["text"]))
    curves = pd.read_csv(results / "best_of_n/main/seed-1.csv").set_index(["reward", "n", "prompt"])
    for prompt, of_prompt in samples.groupby("prompt"):
        for n in (1, 4):
            best = [max(some, key=lambda i: of_prompt["proxy"][i]) for some in combinations(of_prompt.index, n)]
            found = curves.loc[("1 model", n, prompt)]
            assert found[["proxy", "gold"]].tolist() == pytest.approx(
                of_prompt.loc[best, ["proxy", "gold"]].mean().tolist()
            )


@pytest.mark.long
def test_all_of_reward_ensembles(copy_of_finished):
    copy_of_finished.snakemake("--", "reward_ensembles")
    more = copy_of_finished.root / RESULTS / "reward_ensembles/more"
    report = (more / "report.md").read_text()
    for page in ("training_steps", "training_kl", "policies", "best_of_n", "calibration"):
        assert (more / f"figures/{page}.png").stat().st_size > 0
        assert f"](figures/{page}.png)" in report
    added = "2 frozen heads, bootstrap, 0 flipped"
    assert f"{added}, mean − c·variance" in set(pd.read_csv(more / "best_of_n.csv")["reward"])
    assert set(pd.read_csv(more / "proxies.csv")["proxy"]) == {"1 model", "3 heads", "2 models averaged (WARM)", added}


@pytest.mark.long
def test_an_ensemble_is_a_reward_for_the_other_papers(copy_of_finished):
    """Its first model is one that is there."""
    cautious = {"ensemble": "models", "members": 2, "aggregate": "worst_case", "seed": 1}
    copy_of_finished.edit_params({"rewards.cautious": cautious, "warp.reward": "cautious", "salsa.reward": "cautious"})
    policies = [
        f"{RESULTS}/warp/M-all/iteration-1/policy-1/seed-1",
        f"{RESULTS}/salsa/policy/start-sft/alpha-0.5/beta-0.05/seed-1",
        f"{RESULTS}/policy/cautious/seed-1",
    ]
    assert len(copy_of_finished.would_make("--", *policies)["proxy"]) == 3  # a model and what is told of it
    copy_of_finished.snakemake("--", *policies)
    for policy in policies:
        history = json.loads((copy_of_finished.root / f"{policy}.json").read_text())["history"]
        assert all("cautious" in step for step in history)


def test_a_soup_of_an_unknown_reward_is_refused(finished):
    model = f"{RESULTS}/rewarded_soups/model/seed-1/kindness=0.7+positivity=0.3"
    assert "kindness" in finished.snakemake("-n", "--", model, fails=True)


def made_on_other_cores(checkout: Checkout, *targets: str) -> dict[str, bytes]:
    """All results of a checkout that made these on one core until a policy's job was killed with -9, then on four."""
    checkout.hold("scripts.policy")
    process = checkout.start(*checkout.command("--", *targets, cores=1))
    checkout.held("scripts.policy").kill()
    output, _ = process.communicate()
    assert process.returncode != 0
    assert "policy" in output
    assert not (checkout.root / targets[0]).exists()
    checkout.snakemake("--", *targets, cores=4)
    return checkout.files()


@pytest.mark.faults
def test_other_cores_and_a_killed_job_end_with_the_same_bytes(finished, tmp_path):
    """Up to the scores of one paper, for time."""
    scores = f"{RESULTS}/scores/rewarded_soups/seed-1.csv"
    ours, theirs = made_on_other_cores(Checkout.at(tmp_path / "repository"), scores), finished.files()
    assert len([name for name in ours if name.startswith("policy/") and name.endswith("model.safetensors")]) == 5
    assert scores.removeprefix(f"{RESULTS}/") in ours
    assert [name for name in ours if ours[name] != theirs[name]] == []


@pytest.mark.long
@pytest.mark.faults
def test_figures_of_two_papers_have_the_same_bytes_on_other_cores_and_after_a_kill(finished, tmp_path):
    figures = [f"{RESULTS}/rewarded_soups/figures", f"{RESULTS}/salsa/main/figures"]
    ours, theirs = made_on_other_cores(Checkout.at(tmp_path / "repository"), *figures), finished.files()
    assert [
        name
        for name in theirs
        if name not in ours and not name.removeprefix("scores/").startswith(("warp", "reward_ensembles"))
    ] == [
        "claims.csv",
        "claims.md",
        "front.html",
        "metrics.json",
        "report.md",
        "rewarded_soups/samples.csv",
        "rewarded_soups/samples_at_equal_kl.csv",
        "rewarded_soups/samples_of_points.csv",
        "salsa/samples_at_equal_kl.csv",
    ]
    assert [name for name in ours if ours[name] != theirs[name]] == []


@pytest.mark.parametrize("damage", ["hash", "truncated", "malformed", "missing"])
def test_bad_data_is_named(tmp_path, damage):
    checkout = Checkout.at(tmp_path / "repository")
    archive = checkout.root / "tests/snippets.tar.gz"
    content = archive.read_bytes()
    expected = {
        "hash": r"error: data\.source: tests/snippets\.tar\.gz has the SHA-256 [0-9a-f]{64}, but data\.sha256 is",
        "truncated": r"error: results/smoke/data/archive\.tar\.gz cannot be read as an archive",
        "malformed": r"error: .*GroundTruth\.txt, line 1: expected",
        "missing": r"tests/missing\.tar\.gz",
    }[damage]
    if damage == "hash":
        archive.write_bytes(content[:-1] + b"x")
    elif damage == "missing":
        checkout.edit_params({"data.source": "tests/missing.tar.gz"})
    else:
        import hashlib

        from lib.data.snippets import FILES
        from tests.make_snippets import archived

        texts = archived(dict.fromkeys(FILES.values(), b"no tabs here"))
        other = archived({"hutto_ICWSM_2014.tar.gz": texts})
        damaged = content[: len(content) // 2] if damage == "truncated" else other
        archive.write_bytes(damaged)
        checkout.edit_params({"data.sha256": hashlib.sha256(damaged).hexdigest()})
    output = checkout.snakemake("--", f"{RESULTS}/data/snippets.jsonl", fails=True)
    assert re.search(expected, output), output
    assert not (checkout.root / RESULTS / "data/snippets.jsonl").exists()
