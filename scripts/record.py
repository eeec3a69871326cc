"""Record a finished experiment in git: the small tables from which its claims, figures and documents are made again.

    make record PART=two-seeds                        # of the default experiment
    make record PART=night EXPERIMENT=smollm2

What is written, experiments/NAME/recorded/PART, is to be committed. Parts with other seeds, of other machines, add up.
"""

import argparse
import sys
from pathlib import Path

from lib.graph.extends import read
from lib.graph.history import head
from lib.papers.recorded import MOST_BYTES, PLACE, record
from lib.papers.register import PAPERS


def main() -> None:
    """Records a part, and says how large all parts of the experiment are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", help="its name, such as two-seeds")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="PATH")
    options = parser.parse_args()
    try:
        params = read(options.params, Path.cwd(), PAPERS).config
        name = params["experiment"]
        place = Path(PLACE.format(name)) / options.part
        record(Path("results") / name, name, head(["lib", "scripts"]), params["seeds"], place)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    size = sum(path.stat().st_size for path in place.parent.rglob("*") if path.is_file())
    print(f"{place} written; all parts of {name} have {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        sys.exit(f"error: that is more than {MOST_BYTES / 1e6:.0f} MB, which is too much for git: leave out a part")


if __name__ == "__main__":
    main()
