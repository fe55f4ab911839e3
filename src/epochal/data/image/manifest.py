"""Listing a manifest: a CSV or Parquet table with a column of picture files and a column of labels."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from epochal.core.errors import DataError
from epochal.data.delimited import cells_of, read_delimited
from epochal.data.files import IMAGE_ENDINGS
from epochal.data.image.listing import Listing
from epochal.data.image.options import ReadOptions
from epochal.data.labels import LABEL_COLUMNS, label_texts, missing_label, shown
from epochal.data.split import SPLIT_COLUMNS, SPLIT_OF

# Names that a column may have, the likeliest first.
IMAGE_COLUMNS = ("path", "file", "image", "filename", "file_name", "image_path", "filepath", "img")
GROUP_COLUMNS = ("group", "patient", "patient_id", "subject", "subject_id")
UNGROUPED = ("", "nan", "<na>", "none", "null")  # as group, whatever the case


def list_manifest(path: Path, options: ReadOptions) -> Listing:
    """The pictures that a table names; relative paths start at the table's folder.

    Raises:
        DataError: the table cannot be read, or a column is missing; the message lists the columns found.
    """
    table = _read(path)
    columns = [str(column) for column in table.columns]
    table.columns = pd.Index(columns)
    if table.empty:
        raise DataError(f"{path}: the table has no rows.")
    listing = Listing(name=shown(path.stem), kind=f"{_kind(path)} manifest", items=[], labels=[], files=[])
    image = options.image or _guess(columns, IMAGE_COLUMNS) or _by_endings(table)
    label = options.label or _guess(columns, LABEL_COLUMNS)
    group = None if options.group == "none" else options.group or _guess(columns, GROUP_COLUMNS)
    split = None if options.split == "none" else options.split
    for what, column, option, names in (
        ("picture files", image, "image", IMAGE_COLUMNS),
        ("labels", label, "label", LABEL_COLUMNS),
        ("groups", group or "", "group", GROUP_COLUMNS),
        ("splits", split or "", "split", SPLIT_COLUMNS),
    ):
        if column is None:
            raise DataError(
                f"{path}: no column of {what} was recognised. Its columns are: {', '.join(columns)}. "
                f"Name one with --{option} (recognised by name: {', '.join(names[:5])})."
            )
        if column and column not in columns:
            raise DataError(f"{path} has no column {column!r} for {what}. Its columns are: {', '.join(columns)}.")
        if column and columns.count(column) > 1:
            raise DataError(f"{path} has {columns.count(column)} columns {column!r}: give one of them another name.")
    assert image is not None and label is not None
    if image == label:
        raise DataError(f"{path}: column {image!r} cannot hold both the picture files and the labels.")
    if options.split is None:
        split = _guess_split(table, columns)
    for what, column, given in (
        ("picture files", image, options.image),
        ("labels", label, options.label),
        ("groups", group, options.group),
        ("splits", split, options.split),
    ):
        if column and not given:
            why = "named so" if column.casefold() in _ALL_NAMES else "its entries end like picture files"
            option = {"picture files": "image", "labels": "label", "groups": "group", "splits": "split"}[what]
            ending = " none" if option in ("group", "split") else ""
            listing.decide(what, f"column {column!r}", why, f"--{option}{ending}")
    _fill(listing, table, path.parent, image=image, label=label, group=group, split=split)
    return listing


def _fill(
    listing: Listing, table: pd.DataFrame, folder: Path, *, image: str, label: str, group: str | None, split: str | None
) -> None:
    """Takes every row that has a file and a label into the listing, and names those that have not."""
    files = cells_of(table, image, "the file of one picture")
    labels = label_texts(np.array(cells_of(table, label, "the class of one picture"), dtype=object))
    groups = [_text(value) for value in cells_of(table, group, "the group of one picture")] if group else None
    splits = [_text(value).casefold() for value in cells_of(table, split, "one split")] if split else None
    if splits is not None:
        unknown = sorted({name for name in splits if name not in SPLIT_OF})
        if unknown:
            raise DataError(
                f"column {split!r} must say train, validation or test; it also says "
                f"{', '.join(map(repr, unknown[:5]))}. Correct it, or use --split none to have splits cut anew."
            )
        listing.published = []
    listing.groups = [] if groups is not None else None
    ungrouped = 0
    assert listing.files is not None
    for row, (cell, name) in enumerate(zip(files, labels, strict=True)):
        place, file = f"row {row + 1}", _text(cell)
        if missing_label(file):
            listing.problem(place, f"has no file in column {image!r}")
        elif missing_label(name):
            listing.problem(shown(file), f"has no label in column {label!r} ({place})")
        elif "://" in file:
            listing.problem(shown(file), f"is an address, not a file: download it first ({place})")
        else:
            listing.files.append(folder / file.replace("\\", "/"))
            listing.items.append(shown(file))
            listing.labels.append(name)
            if groups is not None and listing.groups is not None:
                ungrouped += groups[row].casefold() in UNGROUPED
                listing.groups.append("" if groups[row].casefold() in UNGROUPED else groups[row])
            if splits is not None and listing.published is not None:
                listing.published.append(SPLIT_OF[splits[row]])
    if ungrouped:
        listing.warnings.append(
            f"{ungrouped} rows have no group in column {group!r}: each is treated as a group of its own."
        )
    repeated = [name for name, count in Counter(listing.items).items() if count > 1]
    if repeated:
        listing.warnings.append(
            f"{len(repeated)} files are listed more than once (such as {repeated[0]}): they are treated as copies."
        )


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(path)
            return table if table.index.names == [None] else table.reset_index()
        with path.open(encoding="utf-8-sig", newline="") as file:
            return read_delimited(path, file.read())
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8."
        ) from error
    except (ValueError, OSError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a {_kind(path)} table: {str(error).strip()}.") from error


def _kind(path: Path) -> str:
    return "Parquet" if path.suffix.lower() == ".parquet" else "CSV"


_ALL_NAMES = {*IMAGE_COLUMNS, *LABEL_COLUMNS, *GROUP_COLUMNS, *SPLIT_COLUMNS}


def _guess(columns: list[str], names: tuple[str, ...]) -> str | None:
    folded = {column.strip().casefold(): column for column in reversed(columns)}
    return next((folded[name] for name in names if name in folded), None)


def _guess_split(table: pd.DataFrame, columns: list[str]) -> str | None:
    """A column that is named like a split and says nothing else; numbered folds are no splits."""
    column = _guess(columns, SPLIT_COLUMNS)
    if column is None:
        return None
    values = {_text(value).casefold() for value in table[column]}
    return column if values <= set(SPLIT_OF) and "train" in {SPLIT_OF[value] for value in values} else None


def _by_endings(table: pd.DataFrame) -> str | None:
    for column in table.columns:
        values = [_text(value) for value in table[column].head(100)]
        if values and sum(Path(value).suffix.lower() in IMAGE_ENDINGS for value in values) > len(values) / 2:
            return str(column)
    return None


def _text(value: object) -> str:
    return "" if missing_label(value) else str(value).strip()
