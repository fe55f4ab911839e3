"""Published weights of residual networks, by name: where they are, how to know them, and how to have them.

As for the named sets, `fetch_weights` looks into a mirror (a folder of the user's, which holds `<name>/<file>`), into
the folder of earlier downloads, and at the address of the publisher. The name of each file ends with the first digits
of its SHA-256, by which it is checked.
"""

import difflib
from dataclasses import dataclass
from pathlib import Path

from epochal.core.errors import DataError
from epochal.core.record import Record
from epochal.data.cache import cache_folder
from epochal.data.download import Progress, download, problem_of
from epochal.data.image.benchmarks import BENCHMARKS, fetch
from epochal.data.mirror import mirror_folder
from epochal.data.table.named import NAMED_TABLES, fetch_table

PLACE = "https://download.pytorch.org/models"


@dataclass(frozen=True, kw_only=True)
class PublishedWeights(Record):
    """Weights of one network, in one file; `sha256` has the first digits of its checksum."""

    name: str
    title: str
    file: str
    sha256: str
    addresses: tuple[str, ...]
    licence: str
    citation: str


def _resnet(depth: int, digits: str) -> PublishedWeights:
    """torchvision's first weights of this depth, trained on ImageNet."""
    file = f"resnet{depth}-{digits}.pth"
    return PublishedWeights(
        name=f"resnet{depth}-weights",
        title=f"ResNet-{depth}, trained on ImageNet at 224x224 colour, from torchvision",
        file=file,
        sha256=digits,
        addresses=(f"{PLACE}/{file}",),
        licence="see torchvision's and ImageNet's terms",
        citation="He, Zhang, Ren & Sun, Deep residual learning for image recognition, 2015",
    )


WEIGHTS: dict[str, PublishedWeights] = {
    weights.name: weights
    for weights in (
        _resnet(18, "f37072fd"),
        _resnet(34, "b627a593"),
        _resnet(50, "0676ba61"),
        _resnet(101, "63fe2227"),
        _resnet(152, "394f9c45"),
    )
}


def fetch_weights(
    name: str, *, mirror: Path | None = None, folder: Path | None = None, progress: Progress | None = None
) -> Path:
    """The file of these weights, verified; downloaded where it is not at hand.

    `mirror` defaults to EPOCHAL_MIRROR, `folder` to "data" in the cache folder of epochal. `progress` is called with
    (file, bytes so far, bytes in all).

    Raises:
        DataError: there are no such weights, or the file cannot be had, or is not the published one.
    """
    if name not in WEIGHTS:
        raise DataError(f"There are no published weights {name!r} here. There are {', '.join(WEIGHTS)}.")
    weights = WEIGHTS[name]
    mirror = mirror_folder(mirror)
    held = None if mirror is None else mirror / name / weights.file
    if held is not None and held.is_file():
        if problem := problem_of(held, size=None, sha256=weights.sha256):
            raise DataError(
                f"{held} is not the published file: {problem}. Replace it in the mirror, or unset EPOCHAL_MIRROR to "
                "download."
            )
        return held
    path = (folder or cache_folder() / "data") / name / weights.file
    return download(weights.addresses, path, size=None, sha256=weights.sha256, progress=progress)


def fetch_named(name: str, *, progress: Progress | None = None) -> tuple[Path, tuple[str, ...]]:
    """The place of a named set, a named table or published weights, and notes for the user.

    Raises:
        DataError: there is nothing of that name, or it cannot be had.
    """
    if name in WEIGHTS:
        return fetch_weights(name, progress=progress), ()
    if name in NAMED_TABLES:
        return fetch_table(name, progress=progress), ()
    if name not in BENCHMARKS and name != "digits":
        near = difflib.get_close_matches(name, ["digits", *BENCHMARKS, *NAMED_TABLES, *WEIGHTS], n=1)
        raise DataError(
            f"There is no named set and there are no weights {name!r}.{f' Did you mean {near[0]}?' if near else ''} "
            f"The named sets are {', '.join(('digits', *BENCHMARKS))}; the tables are {', '.join(NAMED_TABLES)}; the "
            f"weights are {', '.join(WEIGHTS)}."
        )
    fetched = fetch(name, progress=progress)
    return fetched.path, fetched.notes
