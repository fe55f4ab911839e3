"""Published files, and the folder of the user's that holds copies of them."""

import os
from dataclasses import dataclass
from pathlib import Path

from epochal.core.errors import DataError
from epochal.core.record import Record


@dataclass(frozen=True, kw_only=True)
class BenchmarkFile(Record):
    """A published file: size in bytes, and the addresses to try, in this order."""

    name: str
    size: int
    sha256: str
    addresses: tuple[str, ...]


def mirror_folder(given: Path | None) -> Path | None:
    """The folder with copies of what is published: as given, else EPOCHAL_MIRROR, else None.

    Raises:
        DataError: it is not a folder.
    """
    mirror = given or (Path(os.environ["EPOCHAL_MIRROR"]) if os.environ.get("EPOCHAL_MIRROR") else None)
    if mirror is not None and not mirror.is_dir():
        raise DataError(f"The mirror {mirror} is not a folder. Correct EPOCHAL_MIRROR, or unset it to download.")
    return mirror
