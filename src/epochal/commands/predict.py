"""`epochal predict`: new pictures, or the rows of a table, through a bundle."""

import contextlib
import csv
import os
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from epochal.commands.options import say
from epochal.commands.tables import of_text
from epochal.core.errors import UserError
from epochal.core.record import json_text

if TYPE_CHECKING:
    from epochal.ship.bundle import Bundle

Write = Callable[[Any], None]  # of predictions


@click.command()
@click.argument("bundle")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything that is answered, as JSON.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write everything that is answered to a .csv file."
)
@click.option("--trust", is_flag=True, help="Import the code of a rung that the maker of BUNDLE brought.")
@click.option("--white", type=float, metavar="VALUE", help="Value of white in pictures deeper than 8 bits.")
@of_text
def predict(bundle: str, inputs: tuple[str, ...], as_json: bool, out: Path | None, trust: bool, **reading: Any) -> int:
    """Predict INPUTS (files, folders or glob patterns of pictures; or one table) with BUNDLE.

    Each picture, or row, gets its label and how probable that is, or its number and the interval around it. Folders are
    searched with the folders inside them. A file that cannot be read is named, and the others are predicted all the
    same; then the exit code is 1. Answers come as they are found, so that any number of pictures needs little memory.
    The answers for a table (CSV, Parquet, JSON lines) come in its order, with the columns that tell its rows apart.

    \b
    epochal predict runs/photos/bundle new/*.jpg
    epochal predict runs/photos/bundle new/ --out answers.csv
    epochal predict runs/customers/bundle new.csv --out answers.csv
    """
    from epochal.core.paths import absolute
    from epochal.ship.bundle import Bundle

    if as_json and out is not None:
        raise click.UsageError("--json prints and --out writes: choose one of them.", click.get_current_context())
    opened, out = Bundle.open(bundle, trust=trust), out and absolute(out)
    if any(_same(name, out) for name in inputs):
        raise UserError(f"--out {out}: this file is to be predicted, and would be lost. Name another file.")
    answered = failed = 0
    # A table that cannot be used is refused here, before any file of answers is begun.
    parts = opened.stream(inputs, **{name: value for name, value in reading.items() if value is not None})
    with _csv(out, opened) if out is not None else _json() if as_json else _text() as write:
        for part in parts:
            for note in part.notes:
                say(note)
            write(part)
            # The file of answers may lie in the folder that is predicted.
            own = sum(_same(part.inputs[index], out) for index in part.reasons)
            failed += len(part.reasons) - own
            answered += len(part) - len(part.reasons)
    if out is not None:
        item = opened.task.item if answered == 1 else f"{opened.task.item}s"
        errors = f" {failed:,} could not be predicted; the column error says why." if failed else ""
        click.echo(f"{answered:,} {item} predicted in {out}.{errors}")
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

    def write(part: Any) -> None:
        nonlocal separator
        for row in part.to_list():
            text = json_text(row, indent=2)
            click.echo(separator + textwrap.indent(text, "  "), nl=False)
            separator = ",\n"

    yield write
    click.echo("[]" if separator == "[\n" else "\n]")


@contextlib.contextmanager
def _csv(path: Path, bundle: "Bundle") -> Iterator[Write]:
    """Rows of the ids, or else the names, of the inputs, and what is answered for each."""
    from epochal.data.labels import shown
    from epochal.ship.predictions import renamed

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
        begun = False

        def begin(part: Any) -> None:
            nonlocal begun
            rows.writerow([*(renamed(part.ids, part.columns) or ["id"]), *part.columns])
            begun = True

        def write(part: Any) -> None:
            if not begun:
                begin(part)
            named = zip(*part.ids.values(), strict=True) if part.ids else ([name] for name in part.inputs)
            for place, (ids, cells) in enumerate(zip(named, part.cells(), strict=True)):
                if place in part.reasons and _same(part.inputs[place], path):
                    continue
                rows.writerow([*(shown(one) if isinstance(one, str) else one for one in ids), *cells])
            file.flush()

        yield write
        if not begun:
            begin(bundle.gathered(()))
