"""How the measures are called and drawn, in the figures and on the page."""

from lib.reporting.figures import COLOURS, CYCLE, MARKERS

COMPATIBILITY = {
    "correlation": "correlation of the two rewards on samples of θ_sft",
    "cross_gain": "cross-gain: what an expert gains on the other reward",
}
REACHED = {"utility_reached": "expected utility", "volume_reached": "hypervolume above θ_sft"}
GAPS = {
    "equal_points": ("expected utility, as many points", "o", COLOURS["soup"]),
    "equal_compute": (
        "expected utility, as many trainings: soups of two experts, two MORL policies",
        "s",
        COLOURS["morl"],
    ),
    "equal_kl": ("the user's reward at equal KL", "^", COLOURS["mod"]),
}


def style_of(number: int) -> dict[str, str]:
    """Colour and marker of a pair, by its number; all differ up to 42 pairs."""
    return {"color": CYCLE[number % len(CYCLE)], "marker": MARKERS[number % len(MARKERS)]}
