"""From files to a data set: reading, checking, splitting and encoding, with every decision said."""

from epochal.data.dataset import Dataset, Examples
from epochal.data.image.codec import Codec
from epochal.data.image.opened import check, from_arrays, open_dataset
from epochal.data.image.options import ReadOptions
from epochal.data.image.read import named_sets
from epochal.data.image.report import DataReport, Duplicates
from epochal.data.report import Decision, Problem

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
