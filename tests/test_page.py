"""The page of an experiment: what is in it, and how it behaves in a browser."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from benchmarks import page_size
from lib.papers.evidence import Evidence
from lib.papers.recorded import evidence_of, parts_of
from lib.papers.rewarded_soups.claims import tables
from lib.papers.rewarded_soups.page import tab
from lib.reporting.charts import marks
from lib.reporting.html_page import hash_of, page_of
from tests.browser import opened, started
from tests.checkout import ROOT

RECORDED = ROOT / "docs/front.html"
HOSTILE = "<img src=x onerror=document.title='run'> </script><script>document.title='run'</script> <!-- &amp; `${1}`"
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
ABOUT = {"experiment": "</title><b>mine", "basis": "over seeds & <prompts>", "command": "snakemake results/mine/"}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return evidence_of(parts_of(ROOT, "evidence", "rewarded_soups"), "rewarded_soups")


@pytest.fixture(scope="module")
def samples(evidence) -> pd.DataFrame:
    """What points are said to write to two prompts; some of it is HTML."""
    points = [point for point in evidence.scores["held out"].points if not point[0].endswith(" path")]
    rows = [(prompt, *point, f"{' '.join(point)} {HOSTILE}") for prompt in ("Once", HOSTILE) for point in points]
    return pd.DataFrame(rows, columns=["prompt", "method", "mixture", "completion"])


@pytest.fixture(scope="module")
def made(evidence, samples, tmp_path_factory) -> Path:
    """A page with the front alone, of the recorded scores."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "figures").mkdir()
    Image.new("RGB", (1200, 600), "white").save(folder / "figures/front.png")
    evidence.write(folder / "evidence")
    samples.to_csv(folder / "samples.csv", index=False)
    files = {"evidence": folder / "evidence", "figures": folder / "figures", "samples": folder / "samples.csv"}
    (folder / "front.html").write_text(page_of([tab(files)], ABOUT))
    assert page_of([tab(files)], ABOUT) == (folder / "front.html").read_text()
    return folder / "front.html"


@pytest.fixture(scope="module")
def browser():
    with started() as browser:
        yield browser


def data_of(page: Path) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*)</script>', page.read_text())[1])


def signed(value: float) -> str:
    """A number as the page shows it."""
    return f"{value:.3f}".replace("-", "−")


def test_with_few_seeds_each_is_shown_in_place_of_an_interval():
    points = pd.DataFrame(
        {"x": [1.0], "y": [2.0], "x_low": [0.0], "x_high": [3.0], "y_low": [np.nan], "y_high": [np.nan]}
    )
    seeds = np.array([[[0.5, 1.5]], [[1.5, 2.5]]])
    assert marks(points, "x", "y", ["a"], seeds) == [
        {"name": "a", "x": 1.0, "y": 2.0, "seeds": [[0.5, 1.5], [1.5, 2.5]]}
    ]
    assert marks(points, "x", "y", ["a"], np.tile(seeds, (2, 1, 1))) == [
        {"name": "a", "x": 1.0, "y": 2.0, "xs": [0.0, 3.0]}
    ]


def test_texts_cannot_end_the_element_that_holds_them(made, samples):
    text = made.read_text()
    assert text.count("<script") == text.count("</script>") == 2
    assert "<title>&lt;/title&gt;&lt;b&gt;mine" in text
    [chooser] = [block for block in data_of(made)["tabs"][0]["blocks"] if block["kind"] == "chooser"]
    assert chooser["prompts"] == list(samples["prompt"].unique())
    assert all(len(point["texts"]) == 2 for point in chooser["points"].values())


@pytest.mark.parametrize("page", ["made", "recorded"])
def test_a_page_is_one_file_that_allows_its_own_code_alone(made, page):
    text = (made if page == "made" else RECORDED).read_text()
    policy = re.search('http-equiv="Content-Security-Policy" content="(.*?)"', text)[1]
    style, script = re.search("<style>(.*?)</style>", text, re.DOTALL)[1], text.rpartition("<script>")[2]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert hash_of(style) in policy and hash_of(script.partition("</script>")[0]) in policy
    code = text.partition('<script type="application/json"')[0] + script  # what policies write may look like an address
    assert set(re.findall(r"https?://[\w./]+", code)) == {"http://www.w3.org/2000/svg"}


def test_every_point_can_be_made(evidence, made):
    """The command of a soup, an expert, a MORL policy and θ_sft; logits that are mixed are no model."""
    [chooser] = [block for block in data_of(made)["tabs"][0]["blocks"] if block["kind"] == "chooser"]
    targets = {key: point.get("target") for key, point in chooser["points"].items()}
    assert targets["soup editorial=0.3+positivity=0.7"] == "rewarded_soups/model/seed-1/editorial=0.3+positivity=0.7"
    assert targets["soup editorial"] == "policy/editorial/seed-1"
    assert targets["morl editorial=0.5+positivity=0.5"] == "policy/editorial=0.5+positivity=0.5/seed-1"
    assert targets["sft sft/soup"] == "sft/soup"
    assert targets["mod editorial=0.5+positivity=0.5"] is None


def test_the_slider_moves_the_point_and_changes_numbers_and_texts(browser, made, evidence):
    front = tables(evidence)["front"].set_index(["method", "mixture"])
    with opened(browser, made) as page:
        slider, ring = page.get_by_role("slider"), page.locator(".ring").first
        before = ring.get_attribute("cx")
        slider.focus()
        for _ in range(20):
            page.keyboard.press("ArrowRight")
        expect(page.get_by_text("λ, the weight of the positivity expert: 1")).to_be_visible()
        row = front.loc[("soup", "positivity")]
        expect(page.locator(".said")).to_contain_text(f"positivity {signed(row['positivity'])}")
        cells = page.locator(".chooser tbody tr", has_text="positivity (").locator("td").all_text_contents()
        assert cells[1:3] == [
            signed(row["positivity"]),
            f"{signed(row['positivity_low'])} to {signed(row['positivity_high'])}",
        ]
        seeds = evidence.scores["held out"].sample([("soup", "positivity")], ["positivity"]).values[:, 0]
        assert cells[3:] == [signed(float(f"{value:.5g}")) for value in seeds]
        assert page.locator(".chooser dd").first.text_content() == f"soup positivity {HOSTILE}"
        expect(page.locator(".chooser pre")).to_have_text("snakemake results/mine/policy/positivity/seed-1")
        assert float(ring.get_attribute("cx")) > float(before)
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".said")).not_to_contain_text("λ = 1")


def test_texts_with_html_are_shown_and_not_run(browser, made):
    with opened(browser, made) as page:
        expect(page.get_by_text(HOSTILE).first).to_be_visible()
        assert page.title() == "</title><b>mine: fronts of averaged policies"
        assert page.locator("main img, main b, main script").count() == 0


def test_the_triangle_and_the_nearest_policy_by_keys(browser, made):
    with opened(browser, made) as page:
        page.locator("[role=radio][tabindex='0']").focus()
        page.keyboard.press("ArrowUp")
        chosen = page.locator("[role=radio][aria-checked=true]")
        expect(chosen).to_be_focused()
        assert "brevity" in chosen.get_attribute("aria-label")
        expect(page.locator(".said")).to_contain_text(chosen.get_attribute("aria-label"))
        expect(page.get_by_text("not on the line")).to_be_visible()
        page.get_by_role("button", name="MORL").press("Enter")
        expect(page.locator(".said")).to_contain_text("MORL, μ =")


def test_methods_can_be_switched_off_and_what_they_beat_is_grey_no_more(browser, made):
    with opened(browser, made) as page:
        front = page.locator("figure").first
        front.locator("[data-key='morl editorial=0.5+positivity=0.5'] .fill").click()
        expect(page.locator(".said")).to_contain_text("MORL, μ = 0.5")
        grey = front.locator(".dominated").count()
        assert front.locator("[data-key^='morl ']").count() == 3
        front.get_by_label("MORL, trained per preference").press("Space")
        assert front.locator("[data-key^='morl ']").count() == 0
        assert front.locator(".dominated").count() < grey


def test_tabs_by_keys(browser):
    with opened(browser, RECORDED) as page:
        tabs = page.get_by_role("tab")
        assert tabs.all_text_contents() == ["Front", "WARP", "SALSA", "Reward ensembles", "Claims"]
        page.keyboard.press("Tab")
        for name in ("WARP", "SALSA", "Reward ensembles", "Claims", "Front"):
            page.keyboard.press("ArrowRight")
            expect(page.get_by_role("tab", name=name)).to_be_focused()
            expect(page.get_by_role("tabpanel")).to_have_accessible_name(name)
        page.keyboard.press("End")
        expect(page.get_by_role("cell", name="RS-1", exact=True)).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["light", "phone", "dark"])
def test_every_tab_can_be_read_by_everyone(browser, options):
    """No violation that axe calls serious, such as low contrast; nothing wider than the window."""
    with opened(browser, RECORDED, **options) as page:
        for button in page.get_by_role("tab").all():
            button.click()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), button.text_content()
            found = Axe().run(page).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


CUT = """() => [...document.querySelectorAll("svg.chart text")].filter((text) => {
  const [inner, outer] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
  return inner.left < outer.left || inner.right > outer.right || inner.top < outer.top || inner.bottom > outer.bottom;
}).map((text) => text.textContent)"""


def test_many_weights_and_seeds_make_a_small_page(browser, tmp_path, monkeypatch):
    """No label of its charts is cut off on a telephone."""
    monkeypatch.setattr(page_size, "ROUNDS", 1)
    page = page_size.write(tmp_path)
    assert page_size.measured(browser, page, "made up")["drawn after"].endswith(" s")
    assert page.stat().st_size < 200_000
    [chooser] = [block for block in data_of(page)["tabs"][0]["blocks"] if block["kind"] == "chooser"]
    assert len(chooser["steps"]) >= 21 and len(chooser["triangle"]["corners"]) == 3 and len(chooser["seeds"]) == 8
    with opened(browser, page, **PHONE) as shown:
        assert shown.evaluate(CUT) == []


def test_dark_is_dark(browser):
    with opened(browser, RECORDED, color_scheme="dark") as page:
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, re.findall(r"\d+", background))) < 60


def test_without_javascript_the_figures_stand_there(browser):
    with opened(browser, RECORDED, java_script_enabled=False) as page:
        expect(page.get_by_role("img")).to_have_count(4)
        expect(page.get_by_alt_text("The front: both rewards of every policy")).to_be_visible()


def test_print_has_all_tabs(browser):
    with opened(browser, RECORDED) as page:
        page.emulate_media(media="print")
        expect(page.get_by_role("heading", name="What is said of each claim")).to_be_visible()
        expect(page.get_by_role("heading", name="How much reward each way of training")).to_be_visible()
        expect(page.get_by_role("slider")).to_be_hidden()


def test_a_finished_experiment_has_its_page(finished, browser):
    """With one seed and hardly trained policies."""
    with opened(browser, finished.root / "results/smoke/front.html") as page:
        assert len(page.get_by_role("tab").all()) == 5
        expect(page.locator(".chooser dd").first).not_to_be_empty()
