"""Names of the user's own models: the place of their code, told from the names of ours without importing anything."""


def is_location(name: str) -> bool:
    """Whether the name of a model is a place of code, MODULE:CLASS or FILE.py:CLASS."""
    return ":" in name


def title(name: str) -> str:
    """What pages call it: the class."""
    return name.rsplit(":", 1)[1]
