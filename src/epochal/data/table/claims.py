"""Is a file a table to learn from, or a list of pictures? Decided by what its cells hold."""

import os
import re
from pathlib import Path

from epochal.data.folder import IMAGE_ENDINGS
from epochal.data.table.named import NAMED_TABLES

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".json")
LOOKED_AT = 200  # rows
PICTURES = 0.5  # share of them with a cell that ends like a picture file, or is a file
LONGEST, CELLS = 255, 20  # of a name of a file, in characters; cells of a row that are looked at
_PICTURE = re.compile(rf"({'|'.join(map(re.escape, IMAGE_ENDINGS))})[\"']?\s*($|[,;\t|\]}}])", re.IGNORECASE)


def is_table(source: str) -> tuple[bool, str]:
    """Whether a path, or a name, is a table of rows to learn from; and the reason, for the user."""
    path = Path(source).expanduser()
    if not os.path.lexists(path):
        return source in NAMED_TABLES, f"{source} is a named table"
    if path.is_dir() or path.suffix.lower() not in ENDINGS:
        return False, ""
    lines = _rows(path)
    named = sum(bool(_PICTURE.search(line)) or _names_file(line, path.parent) for line in lines)
    told = f"{named} of its first {len(lines)} rows name a file of a picture"
    return not lines or named < PICTURES * len(lines), told


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
