"""Print the full parameters of an experiment as YAML, with the file that each value is from; or write them for DVC.

make params EXPERIMENT=NAME
"""

import argparse
import sys
from pathlib import Path

from lib.graph.extends import read
from lib.graph.full_parameters import lines, write_values
from lib.graph.parameter_files import DEFAULT_PARAMS
from lib.papers.register import PAPERS


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.params", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--params", type=Path, default=DEFAULT_PARAMS, metavar="FILE", help="default: %(default)s")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write what a file that extends another stands for to results/NAME/params.yaml, where DVC reads it",
    )
    options = parser.parse_args()
    try:
        resolved = read(options.params, Path.cwd(), PAPERS)
        if options.write:
            write_values(options.params, resolved)
        else:
            print("\n".join(lines(resolved.config, resolved.origins)))
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
