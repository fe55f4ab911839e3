"""Predictions of any tools, as they lie in files: read, checked, and joined to the truth by id."""

from epochal.data.predictions.answers import positive_place
from epochal.data.predictions.join import MISSING, WRONG, Joined, Tool, join
from epochal.data.predictions.sources import tools_of
from epochal.data.predictions.truth import CLASSES, NUMBERS, TASKS, Truth

__all__ = [
    "CLASSES",
    "MISSING",
    "NUMBERS",
    "TASKS",
    "WRONG",
    "Joined",
    "Tool",
    "Truth",
    "join",
    "positive_place",
    "tools_of",
]
