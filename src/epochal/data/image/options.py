"""What a user may say about how a data set is read; all the rest is decided from the data, and said."""

from dataclasses import dataclass

from epochal.core.errors import DataError
from epochal.core.record import Record
from epochal.data.split import DEFAULT_VALIDATION

SMALLEST_SIDE, LARGEST_SIDE = 8, 224


@dataclass(frozen=True, kw_only=True)
class ReadOptions(Record):
    """How a data set is read. None means: decide from the data and say so in the report.

    Fractions are of all examples where we cut the test split ourselves, and of the published training split where
    the test split is published.
    """

    size: int | None = None  # side of the square that models see, 8 to 224 pixels
    resize: str = "stretch"  # "stretch": the whole picture, squeezed | "crop": the centre, undistorted
    channels: str = "auto"  # "auto" | "grey" | "rgb"
    white: float | None = None  # the value that is white in arrays, and in files deeper than 8 bits
    mean: tuple[float, ...] | None = None  # of each channel, with white as 1, that models see as zero; None: fitted
    std: tuple[float, ...] | None = None  # of each channel, that models see as one; goes with `mean`
    image: str | None = None  # manifest column that names the picture files
    label: str | None = None  # manifest column of the classes
    numeric_classes: bool = False  # each number names a class, even where the labels look like measurements
    group: str | None = None  # manifest column of what must stay together (a patient, a site); "none": no grouping
    split: str | None = None  # manifest column that says train, validation or test; "none": ignore published splits
    test_fraction: float = 0.2
    validation_fraction: float = DEFAULT_VALIDATION  # of a published split at most 6,000 examples, unless said
    seed: int = 0  # decides which examples go to which split
    duplicates: bool = True  # look for copies, and keep them on one side of every split
    max_examples: int | None = None  # read at most this many, spread over classes and splits
    max_megapixels: float = 128.0  # larger pictures are set aside
    cache: str | None = None  # folder of decoded pictures; default: EPOCHAL_CACHE, or the user's cache folder
    mirror: str | None = None  # folder with copies of the named sets; default: EPOCHAL_MIRROR

    def validate(self) -> None:
        """Raises DataError, in words, for an option that makes no sense."""
        if self.size is not None and not SMALLEST_SIDE <= self.size <= LARGEST_SIDE:
            raise DataError(
                f"size must be from {SMALLEST_SIDE} to {LARGEST_SIDE} pixels, the range the models are built for; "
                f"it was {self.size}."
            )
        for name, allowed in {"resize": ("stretch", "crop"), "channels": ("auto", "grey", "rgb")}.items():
            if getattr(self, name) not in allowed:
                raise DataError(f"{name} must be one of {', '.join(allowed)}; it was {getattr(self, name)!r}.")
        if (self.mean is None) != (self.std is None):
            raise DataError(f"mean and std go together: give both or none; mean was {self.mean}, std {self.std}.")
        if self.std is not None and not all(each > 0 for each in self.std):
            raise DataError(f"std must be above 0 for each channel; it was {self.std}.")
        for name in ("test_fraction", "validation_fraction"):
            if not 0 < getattr(self, name) < 1:
                raise DataError(f"{name} must lie between 0 and 1, both excluded; it was {getattr(self, name)}.")
        if self.test_fraction + self.validation_fraction >= 1:
            raise DataError(
                f"test_fraction {self.test_fraction:g} and validation_fraction {self.validation_fraction:g} leave "
                "nothing to train on: together they must stay below 1."
            )
        if self.max_examples is not None and self.max_examples < 2:
            raise DataError(f"max_examples must be 2 or more, or None for all; it was {self.max_examples}.")
        if self.white is not None and not self.white > 0:
            raise DataError(f"white is the pixel value that becomes white and must be above 0; it was {self.white}.")
        if not self.max_megapixels > 0:
            raise DataError(f"max_megapixels must be above 0; it was {self.max_megapixels}.")
