"""`epochal predict`: pictures through a bundle."""

import contextlib
import csv
import os
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from epochal.core.errors import UserError
from epochal.core.record import json_text

if TYPE_CHECKING:
    from epochal.ship.predict import Predictions

Write = Callable[["Predictions"], None]


@click.command()
@click.argument("bundle")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print all probabilities, as JSON.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write all probabilities to a .csv file.")
@click.option("--white", type=float, metavar="VALUE", help="Value of white in pictures deeper than 8 bits.")
def predict(bundle: str, inputs: tuple[str, ...], as_json: bool, out: Path | None, white: float | None) -> int:
    """Predict INPUTS (files, folders or glob patterns) with BUNDLE.

    Each picture gets its label and how probable that is. Folders are searched with the folders inside them. A file
    that cannot be read is named, and the others are predicted all the same; then the exit code is 1. Answers come as
    they are found, so that any number of pictures needs little memory.

    \b
    epochal predict runs/photos/bundle new/*.jpg
    epochal predict runs/photos/bundle new/ --out answers.csv
    """
    from epochal.core.paths import absolute
    from epochal.ship.bundle import Bundle

    if as_json and out is not None:
        raise click.UsageError("--json prints and --out writes: choose one of them.", click.get_current_context())
    opened, out = Bundle.open(bundle), out and absolute(out)
    answered = failed = 0
    with _csv(out, opened.labels) if out is not None else _json() if as_json else _text() as write:
        for part in opened.stream(inputs, white=white):
            write(part)
            # The file of answers may lie in the folder that is predicted.
            own = sum(_same(part.inputs[index], out) for index in part.reasons)
            failed += len(part.reasons) - own
            answered += len(part) - len(part.reasons)
    if out is not None:
        errors = f" {failed:,} could not be predicted; the column error says why." if failed else ""
        click.echo(f"{answered:,} pictures predicted in {out}.{errors}")
    return 1 if failed else 0


def _same(name: str, path: Path | None) -> bool:
    """Whether a name is that of the file which is being written."""
    try:
        return path is not None and os.path.samefile(name, path)
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def _text() -> Iterator[Write]:
    yield lambda part: click.echo(part.to_text())


@contextlib.contextmanager
def _json() -> Iterator[Write]:
    """One list, written an item at a time."""
    separator = "[\n"

    def write(part: "Predictions") -> None:
        nonlocal separator
        for row in part.to_list():
            text = json_text(row, indent=2)
            click.echo(separator + textwrap.indent(text, "  "), nl=False)
            separator = ",\n"

    yield write
    click.echo("[]" if separator == "[\n" else "\n]")


@contextlib.contextmanager
def _csv(path: Path, labels: tuple[str, ...]) -> Iterator[Write]:
    """Rows of id, label, probability, error and one probability for each label."""
    from epochal.data.listing import shown

    if path.suffix.lower() != ".csv":
        raise UserError(f"--out {path}: expected a name that ends with .csv. Use --json for JSON.")
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"--out {path}: it cannot be written ({error.strerror or error}). Name another file."
        ) from error
    with file:
        rows: Any = csv.writer(file)
        rows.writerow(["id", "label", "probability", "error", *(f"p({label})" for label in labels)])

        def write(part: "Predictions") -> None:
            for row in part:
                if row.error is not None and _same(row.input, path):
                    continue
                chances = row.probabilities or [""] * len(labels)
                probability = "" if row.probability is None else f"{row.probability:.6g}"
                numbers = [f"{chance:.6g}" for chance in chances] if row.probabilities else chances
                rows.writerow([shown(row.input), row.label or "", probability, row.error or "", *numbers])
            file.flush()

        yield write
