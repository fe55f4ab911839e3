"""From files to a data set: reading, checking, splitting and encoding, with every decision said."""

from epochal.data.codec import Codec
from epochal.data.dataset import Dataset, Examples, check, from_arrays, open_dataset
from epochal.data.options import ReadOptions
from epochal.data.read import named_sets
from epochal.data.report import DataReport, Decision, Duplicates, Problem

__all__ = [
    "Codec",
    "DataReport",
    "Dataset",
    "Decision",
    "Duplicates",
    "Examples",
    "Problem",
    "ReadOptions",
    "check",
    "from_arrays",
    "named_sets",
    "open_dataset",
]
