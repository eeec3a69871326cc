"""What the authors of Rewarded Soups released: numbers of their demo page (streamlit_app/data of their repository).

No code of the trainings was released, and each point is one run, so there are no intervals.
"""

START, EXPERTS = (3599.0, -560.0), ((6447.0, 1461.0), (5664.0, 4062.0))
"""Locomotion (Brax humanoid): rewards `risky`, velocity, and `cautious`, velocity − Σa², of θ_sft and the experts."""
POINTS = {
    "soup": {"λ = 0.5": (6265.0, 3319.0)},
    "morl": {"μ = 0.2": (6917.0, 4221.0), "μ = 0.5": (6151.0, 4067.0)},
}
"""Further points of locomotion, by method, (risky, cautious)."""
VOLUMES = {"experts alone": 11.1e6, "soups at all λ": 13.8e6, "experts and MORL": 16.6e6}
"""Hypervolume of locomotion above START, of 2 experts, 21 soups and 11 MORL policies."""
NEWS = {"soups at all λ": 0.492, "experts and MORL": 0.297}
"""Hypervolume of news summaries above the start, of 21 soups, and of the experts with one MORL policy."""
