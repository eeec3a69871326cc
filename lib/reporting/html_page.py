"""The page of an experiment: one file, with its data, style and script inside, that asks for nothing else."""

import base64
import hashlib
import html
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from lib.reporting.charts import Data, Tab
from lib.reporting.claims import estimate_of, explained

TEMPLATES = Path(__file__).parent / "html"
WIDTH, COLOURS = 900, 64  # of the figures that stand there without JavaScript
POLICY = "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'"


def page_of(tabs: Sequence[Tab], about: Mapping[str, Any]) -> str:
    """The page. about: `experiment`; `basis`, how intervals are computed; `command`, to which a target is appended."""
    parts = {kind: (TEMPLATES / f"page.{kind}").read_text() for kind in ("html", "css", "js")}
    data = dict(about) | {"tabs": [{"title": tab.title, "blocks": tab.blocks} for tab in tabs]}
    filled = {
        "policy": POLICY.format(hash_of(parts["css"]), hash_of(parts["js"])),
        "title": html.escape(f"{about['experiment']}: fronts of averaged policies"),
        "basis": html.escape(about["basis"]),
        "figures": "\n".join(figure_of(*tab.figure) for tab in tabs if tab.figure),
        "style": parts["css"],
        "script": parts["js"],
        "data": as_script(data),
    }
    before, *rest = parts["html"].split("{{")
    return before + "".join(filled[name] + after for name, _, after in (piece.partition("}}") for piece in rest))


def as_script(data: Data) -> str:
    """JSON that may stand in a script element, whatever texts it has: no `<`, so no `</script>` and no `<!--`."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def hash_of(text: str) -> str:
    """What a Content-Security-Policy says of an inline script or style that it allows."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def figure_of(path: Path, shown: str) -> str:
    """A PNG inside the page, small: at most WIDTH pixels wide, with COLOURS colours."""
    with Image.open(path) as image:
        plain = image.convert("RGB")
    plain.thumbnail((WIDTH, plain.height))
    written = io.BytesIO()
    plain.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
    data = base64.b64encode(written.getvalue()).decode()
    return f'<figure><img alt="{html.escape(shown)}" src="data:image/png;base64,{data}"></figure>'


def claims_tab(claims: pd.DataFrame) -> Tab:
    """The verdicts. claims: `lib.papers.claims.claims_table`."""
    rows = []
    for row in claims[claims["primary"]].to_dict("records"):
        measured = "" if math.isnan(row["estimate"]) else estimate_of(row)
        rows.append([row["claim"], f"{row['says']} ({row['section']})", explained(row).replace("`", ""), measured])
    columns = ["claim", "the paper says", "here", "measured (95 % interval)"]
    return Tab("Claims", [{"kind": "table", "title": "What is said of each claim", "columns": columns, "rows": rows}])
