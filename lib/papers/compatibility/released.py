"""What the authors of Rewarded Soups released, on the map of pairs: locomotion and news summaries."""

from lib.papers.compatibility.measures import mean_cross_gain
from lib.papers.rewarded_soups import published


def volume_reached(volumes: dict[str, float]) -> float:
    """What soups reach of what MORL reaches, in hypervolume above the start."""
    return volumes["soups at all λ"] / volumes["experts and MORL"]


LOCOMOTION = {
    "cross_gain": mean_cross_gain(published.START, published.EXPERTS),
    "volume_reached": volume_reached(published.VOLUMES),
}
NEWS = {"volume_reached": volume_reached(published.NEWS)}
