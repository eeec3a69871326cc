"""What is on the Hugging Face hub, and here the name of its place: `hub:` and its id."""

HUB = "hub:"


def from_hub(source: str) -> bool:
    """Whether a source is of the hub, and not here."""
    return source.startswith(HUB)


def hub_id(source: str) -> str:
    """The id of what is on the hub; a path as it is."""
    return source.removeprefix(HUB)
