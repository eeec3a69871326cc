"""What the authors of Rewarded Soups released: numbers of their demo page (streamlit_app/data of their repository).

No code of the trainings was released, and each point is one run, so there are no intervals.
"""

from lib.papers.compatibility.measures import mean_cross_gain

START, EXPERTS = (3599.0, -560.0), ((6447.0, 1461.0), (5664.0, 4062.0))
"""Locomotion (Brax humanoid): rewards `risky`, velocity, and `cautious`, velocity − Σa², of θ_sft and the experts."""
VOLUMES = {"experts alone": 11.1e6, "soups at all λ": 13.8e6, "experts and MORL": 16.6e6}
"""Hypervolume of locomotion above START, of 2 experts, 21 soups and 11 MORL policies."""
LOCOMOTION = {
    "cross_gain": mean_cross_gain(START, EXPERTS),
    "volume_reached": VOLUMES["soups at all λ"] / VOLUMES["experts and MORL"],
}
NEWS = {"volume_reached": 0.492 / 0.297}
"""News summaries: hypervolume above the start of 21 soups by that of the experts with one MORL policy."""
