"""Predictions of a bundle: pictures from files, globs, images and arrays, with each bad file named."""

import glob
import html
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from epochal.core.errors import DataError
from epochal.core.record import Record

if TYPE_CHECKING:
    import pandas

BATCH = 256  # pictures decoded at a time, so that any number of files needs the memory of these
SHOWN = 50  # rows of a table in a notebook


@dataclass(frozen=True, kw_only=True)
class Predicted(Record):
    """The answer for one picture, or the reason why there is none."""

    input: str
    label: str | None = None
    probability: float | None = None
    probabilities: tuple[float, ...] = field(default=(), repr=False)  # calibrated, in the order of the labels
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """One row for each input, in the order in which they were given."""

    rows: tuple[Predicted, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Predicted]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> Predicted:
        return self.rows[index]

    @property
    def errors(self) -> tuple[Predicted, ...]:
        """The rows of inputs that could not be read."""
        return tuple(row for row in self.rows if row.error is not None)

    def to_list(self) -> list[dict[str, Any]]:
        """Plain data: input, and label, probability and probabilities by label, or error."""
        return [
            {"input": row.input, "error": row.error}
            if row.error is not None
            else {
                "input": row.input,
                "label": row.label,
                "probability": row.probability,
                "probabilities": dict(zip(self.labels, row.probabilities, strict=True)),
            }
            for row in self.rows
        ]

    def to_frame(self) -> "pandas.DataFrame":
        """A data frame: input, label, probability, error, and a column "p(LABEL)" for each label."""
        import pandas

        frame = pandas.DataFrame(
            {
                "input": [row.input for row in self.rows],
                "label": [row.label for row in self.rows],
                "probability": np.array([row.probability for row in self.rows], dtype=np.float64),
                "error": [row.error for row in self.rows],
            }
        )
        nothing = (np.nan,) * len(self.labels)
        columns = np.array([row.probabilities or nothing for row in self.rows]).reshape(-1, len(self.labels))
        return frame.join(pandas.DataFrame(columns, columns=[f"p({label})" for label in self.labels]))

    def to_text(self) -> str:
        """Lines for a terminal: input, label and probability, or what is wrong with the input."""
        width = max((len(row.input) for row in self.rows), default=0)
        label = max((len(row.label or "") for row in self.rows), default=0)
        return "\n".join(
            f"{row.input:<{width}}  not predicted: {row.error}"
            if row.error is not None
            else f"{row.input:<{width}}  {row.label:<{label}}  {row.probability:6.1%}"
            for row in self.rows
        )

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{html.escape(row.input)}</td>"
            + (
                f'<td colspan="2">not predicted: {html.escape(row.error)}</td></tr>'
                if row.error is not None
                else f"<td>{html.escape(row.label or '')}</td><td>{row.probability:.1%}</td></tr>"
            )
            for row in self.rows[:SHOWN]
        )
        more = f"<p>and {len(self.rows) - SHOWN} more</p>" if len(self.rows) > SHOWN else ""
        return f"<table><tr><th>input</th><th>label</th><th>probability</th></tr>{cells}</table>{more}"


def predict(
    inputs: Any,
    *,
    encode: Callable[[Any], np.ndarray],
    probabilities: Callable[[np.ndarray], np.ndarray],
    labels: tuple[str, ...],
) -> Predictions:
    """Predict whatever `inputs` name.

    Args:
        encode: one picture to uint8 [channels, height, width]; a ValueError or OSError speaks of that picture only.
        probabilities: uint8 [n, channels, height, width] to [n, classes].
    """
    rows: list[Predicted] = []
    named = pictures(inputs)
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        while chunk := list(islice(named, BATCH)):
            encoded = list(pool.map(lambda pair: _encoded(encode, pair[1]), chunk))
            good = [item for item in encoded if isinstance(item, np.ndarray)]
            scores = iter(probabilities(np.stack(good))) if good else iter(())
            for (name, _), item in zip(chunk, encoded, strict=True):
                if isinstance(item, str):
                    rows.append(Predicted(input=name, error=item))
                    continue
                row = next(scores)
                best = int(row.argmax())
                values = tuple(float(value) for value in row)
                rows.append(Predicted(input=name, label=labels[best], probability=values[best], probabilities=values))
    return Predictions(rows=tuple(rows), labels=labels)


def pictures(inputs: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(name, picture) of each picture that `inputs` name; a picture is a path, an image, an array, or a DataError."""
    if isinstance(inputs, str | os.PathLike):
        yield from _paths(os.fspath(inputs))
    elif isinstance(inputs, Image.Image):
        yield prefix or str(getattr(inputs, "filename", "") or "image"), inputs
    elif isinstance(inputs, np.ndarray):
        if inputs.ndim == 4:
            yield from ((f"{prefix or 'array'}[{index}]", picture) for index, picture in enumerate(inputs))
        else:
            yield prefix or "array", inputs
    elif isinstance(inputs, Iterable):
        for index, item in enumerate(inputs):
            yield from pictures(item, f"{prefix}[{index}]")
    else:
        yield (
            prefix or type(inputs).__name__,
            DataError(f"expected a file, a glob, an image or an array, got {type(inputs).__name__}"),
        )


def _paths(text: str) -> Iterator[tuple[str, Any]]:
    path = Path(text)
    if path.is_dir():
        found = sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
        yield from ((str(entry), entry) for entry in found)
        if not found:
            yield text, DataError("the folder holds no files")
    elif not path.exists() and glob.has_magic(text):
        matches = sorted(match for match in glob.glob(text, recursive=True) if not os.path.isdir(match))
        yield from ((match, Path(match)) for match in matches)
        if not matches:
            yield text, DataError("no file matches this pattern")
    else:
        yield text, path


def _encoded(encode: Callable[[Any], np.ndarray], picture: Any) -> np.ndarray | str:
    """The encoded picture, or why there is none."""
    if isinstance(picture, DataError):
        return str(picture)
    try:
        return encode(picture)
    except DataError as error:
        return str(getattr(error, "reason", error))  # without the name, which the row gives
    except (OSError, ValueError) as error:
        return f"cannot be read: {error}"
