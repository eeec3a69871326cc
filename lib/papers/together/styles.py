"""How each variant is drawn, in the figures and on the page: colour and marker."""

from lib.papers.together.names import NAMES
from lib.reporting.figures import COLOURS, CYCLE

STYLES = dict(
    zip(NAMES, [(COLOURS["sft"], "X"), (CYCLE[0], "s"), (CYCLE[4], "^"), (CYCLE[2], "D"), (COLOURS["soup"], "o")])
)
