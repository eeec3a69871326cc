"""The part of the report on methods together."""

from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.tables import as_table, comparisons_as_table

TEXT = """## Methods together
No paper shows this: WARP's anchor that follows the policy, with SALSA's soup of the SFT pair as the start, on a
pessimistic reward, souped over two rewards. Beside it stand the plain variant and three that each change one thing,
with the same steps and seeds. The first axis is judged by the gold reward, on which nothing is trained.

![The fronts](together/figures/front.png)

![Along KL](together/figures/kl.png)

### TG-1: more together than each alone
A user weighs gold by μ and the second reward by 1 − μ; expected utility is a mean over users, each with the soup that
is best on the other half of the prompts. At equal KL the soup at λ is judged by the user with μ = λ, on the paths from
θ_sft1. The last three rows say what each part has over the plain variant.

{comparisons}

### Experts and soups
λ is the weight of the first expert. KL to θ_sft1 in nats; beside it tokens and different words of a completion, and
bits per byte of held-out texts, which rise where a policy forgets.

{front}"""


def part(files: Files) -> Part:
    """The part, from the tables front and comparisons."""
    by_name = tables(files)
    front, comparisons = by_name["front"], by_name["comparisons"]
    shown = front[~front["method"].str.endswith(" path")].rename(columns={"method": "variant", "mixture": "soup"})
    text = TEXT.format(comparisons=comparisons_as_table(comparisons), front=as_table(shown))
    utilities = comparisons[comparisons["comparison"] == "expected utility"]
    pairs = utilities["variant"] + " minus " + utilities["minus"]
    return Part(text, {"together": {"expected utility": intervals_by("pair", utilities.assign(pair=pairs))}})
