"""Is a file a table to learn from, or a list of pictures? Decided by what its cells hold."""

import difflib
import os
import re
from pathlib import Path

from epochal.core.errors import DataError
from epochal.data.files import IMAGE_ENDINGS
from epochal.data.image.read import named_sets
from epochal.data.table.named import NAMED_TABLES
from epochal.data.table.read import JSON_ENDINGS, PARQUET_ENDINGS, TEXT_ENDINGS

ENDINGS = (*TEXT_ENDINGS, *PARQUET_ENDINGS, *JSON_ENDINGS)
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods", ".csv.gz", ".feather", ".dta", ".sav")  # the reader of tables refuses
LOOKED_AT = 200  # rows
PICTURES = 0.5  # share of them with a cell that ends like a picture file, or is a file
LONGEST, CELLS = 255, 20  # of a name of a file, in characters; cells of a row that are looked at
_PICTURE = re.compile(rf"({'|'.join(map(re.escape, IMAGE_ENDINGS))})[\"']?\s*($|[,;\t|\]}}])", re.IGNORECASE)


def is_table(source: str) -> tuple[bool, str]:
    """Whether a path, or a name, is a table of rows to learn from; and the reason, where it could be either.

    Raises:
        DataError: there is neither a path nor a data set of that name.
    """
    path = Path(source).expanduser()
    if not os.path.lexists(path):
        if source not in NAMED_TABLES and source not in named_sets():
            raise DataError(_not_found(source, path))
        return source in NAMED_TABLES, ""
    if path.name.lower().endswith(SPREADSHEETS):
        return True, ""
    if path.is_dir() or path.suffix.lower() not in ENDINGS:
        return False, ""
    lines = _rows(path)
    named = sum(bool(_PICTURE.search(line)) or _names_file(line, path.parent) for line in lines)
    if not lines:
        return True, ""
    told = f"{named or 'none'} of its first {len(lines)} rows name{'s' if named <= 1 else ''} a picture"
    return named < PICTURES * len(lines), told


def read_as(source: object, noun: str, why: str, other: str) -> str:
    """The sentence that says what a source was taken for, and how to have it taken for the `other` input."""
    return f"{source} is read as {noun}, because {why}. If that is wrong, say --task {other}."


def _not_found(name: str, path: Path) -> str:
    """Neither a path nor a name: the nearest of both, and all names."""
    siblings = sorted(found.name for found in path.parent.iterdir()) if path.parent.is_dir() else []
    near = difflib.get_close_matches(name.lower(), [*NAMED_TABLES, *named_sets()], n=1)
    near += [str(path.parent / found) for found in difflib.get_close_matches(path.name, siblings, n=1)]
    meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return (
        f"{name!r} is neither a path that exists nor the name of a data set.{meant} The named tables are "
        f"{', '.join(NAMED_TABLES)}; the sets of pictures are {', '.join(named_sets())}."
    )


def _names_file(line: str, folder: Path) -> bool:
    """Whether a cell of a line is the name of a file that is there, whatever its ending."""
    cells = [cell.strip().strip("\"'") for cell in re.split("[,;\t|]", line)]
    return any(cell and len(cell) < LONGEST and (folder / cell).is_file() for cell in cells[:CELLS])


def _rows(path: Path) -> list[str]:
    """The first rows as lines of text, without the header."""
    if path.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as parquet

        try:
            batch = next(parquet.ParquetFile(path).iter_batches(LOOKED_AT), None)
        except (OSError, pa.ArrowException):  # the reader says what is wrong with it
            return []
        return [] if batch is None else [",".join(map(str, row.values())) for row in batch.to_pylist()]
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.rstrip("\r\n") for _, line in zip(range(LOOKED_AT + 1), file, strict=False)]
    except OSError:
        return []
    return lines[1:]
