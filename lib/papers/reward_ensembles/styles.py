"""How each kind of proxy is drawn, in the figures and on the page."""

from lib.reporting.figures import COLOURS

COLOUR_OF_KIND = {"single": COLOURS["sft"], "models": COLOURS["morl"], "heads": COLOURS["soup"], "warm": COLOURS["mod"]}
