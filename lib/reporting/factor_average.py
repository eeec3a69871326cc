"""The part of the report on averages of LoRA factors."""

from lib.reporting.page import Files, Part, tables

TEXT = """## Averages of LoRA factors
Policies are averaged as the weights that they stand for. An average of A and of B apart, which public code takes, would
have been off by this share of the task vector's norm at λ = ½: {errors}.

![Error of the average of factors](factor_average/factor_average.png)"""


def part(files: Files) -> Part:
    """The part, from the table of errors."""
    halfway = tables(files)["table"].query("weight == 0.5")
    errors = ", ".join(f"{row.error:.1%} ({row.pair})" for row in halfway.itertuples())
    return Part(TEXT.format(errors=errors), {})
