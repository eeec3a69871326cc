"""How cost grows with the number of jobs, seeds, policies and points, and with the size of the model.

Each quantity is measured at several sizes, each in a process of its own (`benchmarks.growth_work`), in seconds of one
processor, which other work on the machine changes less than the time on the clock. seconds = a · size^b is fitted by
least squares of the logarithms. Costs of starting, which do not grow, make b smaller: it is fitted to the larger half
of the sizes as well.

    python -m benchmarks.growth jobs --table docs/growth.csv --figure docs/figures/growth.png

measures the quantities that are named, by default all, puts them into the table, and draws all that it has.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from benchmarks.growth_work import QUANTITIES, SIZE

COLUMNS = ["quantity", "measure", "unit", "size", "value"]
ONE = 1.15  # an exponent that is above this with its whole interval grows faster than its work


class Fit(NamedTuple):
    """value = at_one · size^exponent, with the 95 % interval of the exponent; NaN where there are two sizes."""

    exponent: float
    low: float
    high: float
    at_one: float


def power_law(sizes: np.ndarray, values: np.ndarray) -> Fit:
    """Least squares of the logarithms. sizes, values: (n,), above zero, of at least two different sizes."""
    x, y = np.log(sizes), np.log(values)
    slope, at_one = np.polyfit(x, y, 1)
    free = len(x) - 2
    if free == 0:
        return Fit(slope, np.nan, np.nan, np.exp(at_one))
    spread = np.sum((y - at_one - slope * x) ** 2) / free
    half = t.ppf(0.975, free) * np.sqrt(spread / np.sum((x - x.mean()) ** 2))
    return Fit(slope, slope - half, slope + half, np.exp(at_one))


def fits(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each measure: the exponent over all sizes, its interval, and that of the larger half of the sizes."""
    rows = []
    for (quantity, measure, unit), of_one in table.groupby(["quantity", "measure", "unit"], sort=False):
        ordered = of_one.sort_values("size")
        sizes, values = ordered["size"].to_numpy(float), ordered["value"].to_numpy(float)
        if len(sizes) < 2 or values.min() <= 0:
            continue
        fit, larger = (
            power_law(sizes, values),
            power_law(*(one[-max(2, (len(one) + 1) // 2) :] for one in (sizes, values))),
        )
        rows.append(
            {
                "quantity": quantity,
                "measure": measure,
                "unit": unit,
                "sizes": f"{sizes[0]:g} to {sizes[-1]:g}",
                "smallest": values[0],
                "largest": values[-1],
                "exponent": fit.exponent,
                "low": fit.low,
                "high": fit.high,
                "exponent of the larger half": larger.exponent,
                "faster than its work": bool(fit.low > ONE),
            }
        )
    return pd.DataFrame(rows)


def measured(quantity: str, sizes: list[int]) -> pd.DataFrame:
    """A row for each measure at each size."""
    rows = []
    for size in sizes:
        with (
            TemporaryDirectory() as folder,
            ProcessPoolExecutor(1, get_context("spawn")) as other,
        ):
            found = other.submit(QUANTITIES[quantity].work, size, Path(folder)).result()
        for (measure, unit), value in found.items():
            rows.append(dict(zip(COLUMNS, (quantity, measure, unit, size, value))))
            print(f"{quantity} {size}: {measure} {value:.3g} {unit}", file=sys.stderr, flush=True)
    return pd.DataFrame(rows, columns=COLUMNS)


def draw(table: pd.DataFrame, file: Path) -> None:
    """A panel for each quantity: each measure against size, both logarithmic, beside a line that grows as the size."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from lib.reporting.figures import CYCLE, MARKERS, PAPER

    panels = list(table.groupby(["quantity", "unit"], sort=False))
    columns = min(3, len(panels))
    with rc_context(PAPER):
        figure = Figure(figsize=(4 * columns, 3.2 * -(-len(panels) // columns)), layout="constrained")
        for number, ((quantity, unit), of_panel) in enumerate(panels, 1):
            axes = figure.add_subplot(-(-len(panels) // columns), columns, number)
            for i, (measure, of_one) in enumerate(of_panel.groupby("measure", sort=False)):
                ordered = of_one.sort_values("size")
                style = {"color": CYCLE[i % len(CYCLE)], "marker": MARKERS[i % len(MARKERS)], "markersize": 4}
                line = "-" if i < len(CYCLE) else "--"
                axes.plot(ordered["size"], ordered["value"], line, label=measure, linewidth=1, **style)
            sizes = np.sort(of_panel["size"].unique())
            lowest = of_panel["value"].min()
            axes.plot(
                sizes, lowest * sizes / sizes[0], color="#888888", linestyle=":", linewidth=1, label="as the size"
            )
            axes.set(xscale="log", yscale="log", xlabel=QUANTITIES[quantity].axis, ylabel=unit)
            axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
            axes.minorticks_off()
            axes.legend(fontsize=6)
        figure.savefig(file, dpi=100)


def main() -> None:
    """Measures, adds to the table, and prints the fits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quantities", nargs="*", metavar="QUANTITY", help=f"of {', '.join(QUANTITIES)}")
    parser.add_argument("--sizes", type=int, nargs="+", help="others than those of the quantity")
    parser.add_argument(
        "--table", type=Path, required=True, help="CSV; what it has of other sizes and quantities stays"
    )
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    if unknown := set(arguments.quantities) - QUANTITIES.keys():
        parser.error(f"there is no {min(unknown)}; there are {', '.join(QUANTITIES)}")
    table = pd.read_csv(arguments.table) if arguments.table.exists() else pd.DataFrame(columns=COLUMNS)
    for quantity in arguments.quantities or QUANTITIES:
        new = measured(quantity, arguments.sizes or QUANTITIES[quantity].sizes)
        joined = new if table.empty else pd.concat([table, new])
        table = joined.drop_duplicates([*COLUMNS[:3], SIZE], keep="last")
        table.to_csv(arguments.table, index=False, float_format="%.4g")
    if arguments.figure:
        draw(table, arguments.figure)
    print(fits(table).round(2).to_markdown(index=False))


if __name__ == "__main__":
    main()
