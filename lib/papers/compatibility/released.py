"""What the authors of Rewarded Soups released: numbers of their demo page (streamlit_app/data of their repository).

No code of the trainings was released, and each point is one run, so there are no intervals.
"""

from lib.papers.compatibility.measures import mean_cross_gain

START, EXPERTS = (3599.0, -560.0), ((6447.0, 1461.0), (5664.0, 4062.0))
"""Locomotion (Brax humanoid): rewards `risky`, velocity, and `cautious`, velocity − Σa², of θ_sft and the experts."""
LOCOMOTION = {"cross_gain": mean_cross_gain(START, EXPERTS), "volume_reached": 13.8 / 16.6}
"""Hypervolume above the start, ×10⁶: 13.8 for 21 soups, 16.6 for 11 MORL policies (11.1 for the experts alone)."""
NEWS = {"volume_reached": 0.492 / 0.297}
"""News summaries: hypervolume above the start of 21 soups by that of the experts with one MORL policy."""
