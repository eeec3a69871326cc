"""Names of models on the Hugging Face hub: `hub:` and the model's id."""

HUB = "hub:"


def from_hub(source: str) -> bool:
    """Whether a source is on the hub, not a local path."""
    return source.startswith(HUB)


def hub_id(source: str) -> str:
    """The id of a source on the hub; a local path is returned as it is."""
    return source.removeprefix(HUB)
