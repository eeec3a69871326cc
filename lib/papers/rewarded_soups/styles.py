"""How each method is drawn, in the figures and on the page."""

METHODS = {  # label and marker; the colours are those of lib.reporting.figures
    "soup": ("rewarded soups", "o"),
    "morl": ("MORL, trained per preference", "s"),
    "mod": ("MOD, the experts' logits mixed", "^"),
    "sft": ("SFT pair and its soup", "X"),
}
