"""How each method is drawn, in the figures and on the page: label and marker. Colours: lib.reporting.figures."""

METHODS = {
    "soup": ("rewarded soups", "o"),
    "morl": ("MORL, trained per preference", "s"),
    "mod": ("MOD, the experts' logits mixed", "^"),
    "sft": ("SFT pair and its soup", "X"),
}
SOUPS = {
    "bone": ("Bone Soups", "P"),
    "rescaled": ("rescaled soups", "v"),
    "extrapolated": ("extrapolated soups", "D"),
}
MERGES = {
    "ties": ("TIES", "s"),
    "dare": ("DARE", "^"),
    "model_stock": ("model stock", "X"),
    "slerp": ("SLERP", "v"),
    "liti": ("LITI", "D"),
}
OTHERS = SOUPS | MERGES  # what else the same policies give
