"""Names of the user's own models: the place of their code, told from the names of ours without importing anything."""

from epochal.core.paths import absolute


def is_location(name: str) -> bool:
    """Whether the name of a model is a place of code, MODULE:CLASS or FILE.py:CLASS."""
    return ":" in name


def settled(name: str) -> str:
    """The name with the path of its file from the root, so that it means the same in whatever folder it is read."""
    place, colon, wanted = name.rpartition(":")
    return f"{absolute(place)}{colon}{wanted}" if place.endswith(".py") else name


def title(name: str) -> str:
    """What pages and folders call it: the class; a name of ours as it is."""
    return name.rsplit(":", 1)[-1]
