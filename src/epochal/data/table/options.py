"""What a user may say about how a table is read; all the rest is decided from its contents, and said."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from epochal.core.errors import DataError
from epochal.core.record import Record
from epochal.data.split import DEFAULT_VALIDATION

KINDS = ("number", "category", "boolean", "date", "text", "drop")
TARGETS = ("auto", "classes", "number")
HEADERS = ("auto", "yes", "no")


@dataclass(frozen=True, kw_only=True)
class TableOptions(Record):
    """How a table is read. None means: decide from the data and say so in the report.

    Fractions are of all rows where the test split is cut here, and of the published training rows where it is given.
    """

    label: str | None = None  # the column to predict
    target: str = "auto"  # "classes": each value names a class | "number": a number is predicted
    columns: Mapping[str, str] = field(default_factory=dict)  # column -> one of KINDS, where the reading was wrong
    keep: tuple[str, ...] = ()  # columns that stay although they look like a leak
    group: str | None = None  # column of what must stay on one side of a split (a patient, a shop)
    time: str | None = None  # column of dates or numbers: train lies before validation, validation before test
    weights: str | None = None  # column of sample weights, 0 or more, by which rows count in learning and in scores
    split: str | None = None  # column that says train, validation or test; "none": no such column is used
    test: str | None = None  # file with the rows of the test split
    separator: str | None = None  # between the cells of a text file
    decimal: str | None = None  # "." or ","
    encoding: str | None = None  # of a text file
    header: str = "auto"  # "yes": the first line names the columns | "no": it is data
    day_first: bool | None = None  # 03/04/2024 is 3 April
    test_fraction: float = 0.2
    validation_fraction: float = DEFAULT_VALIDATION  # of a published split at most 6,000 rows, unless said
    seed: int = 0  # decides which rows go to which split
    duplicates: bool = True  # keep identical rows on one side of every split
    mirror: str | None = None  # folder with copies of the named sets; default: EPOCHAL_MIRROR

    def validate(self) -> None:
        """Raises DataError, in words, for an option that makes no sense."""
        for name, allowed in {"target": TARGETS, "header": HEADERS}.items():
            if getattr(self, name) not in allowed:
                raise DataError(f"{name} must be one of {', '.join(allowed)}; it was {getattr(self, name)!r}.")
        for column, kind in self.columns.items():
            if kind not in KINDS:
                raise DataError(
                    f"--column {column}={kind}: {kind!r} is no kind of column. The kinds are {', '.join(KINDS)}."
                )
        if self.decimal not in (None, ".", ","):
            raise DataError(f"--decimal must be '.' or ','; it was {self.decimal!r}.")
        if self.separator is not None and len(self.separator) != 1:
            raise DataError(f"--separator must be one character; it was {self.separator!r}.")
        if self.group is not None and self.time is not None:
            raise DataError(
                f"--group {self.group} and --time {self.time} ask for two different splits. Give one of them."
            )
        for name in ("test_fraction", "validation_fraction"):
            if not 0 < getattr(self, name) < 1:
                raise DataError(f"{name} must lie between 0 and 1, both excluded; it was {getattr(self, name)}.")
        if self.test_fraction + self.validation_fraction >= 1:
            raise DataError(
                f"test_fraction {self.test_fraction:g} and validation_fraction {self.validation_fraction:g} leave "
                "nothing to train on: together they must stay below 1."
            )
