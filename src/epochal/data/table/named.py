"""Named tables: three that come with scikit-learn, and Adult as UCI publishes it, with its own test split."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from epochal.core.errors import DataError
from epochal.data.cache import cache_folder
from epochal.data.download import Progress, download, problem_of
from epochal.data.mirror import BenchmarkFile, mirror_folder
from epochal.data.split import TEST, TRAIN
from epochal.data.table.raw import RawTable, as_table

ADULT_COLUMNS = (
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
)
_UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases/adult"
ADULT_TRAIN = BenchmarkFile(
    name="adult.data",
    size=3974305,
    sha256="5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
    addresses=(f"{_UCI}/adult.data",),
)
ADULT_TEST = BenchmarkFile(
    name="adult.test",
    size=2003153,
    sha256="a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
    addresses=(f"{_UCI}/adult.test",),
)
# As mirrors hold them, with the same rows: the test file without its first line, which is a comment.
MIRRORED = {
    "adult.data": BenchmarkFile(name="adult-train.csv", size=ADULT_TRAIN.size, sha256=ADULT_TRAIN.sha256, addresses=()),
    "adult.test": BenchmarkFile(
        name="adult-test.csv",
        size=2003132,
        sha256="72567b94f5c1a6f8501377dd80f93892c3848ff071cf91ba47e00b0785a28074",
        addresses=(),
    ),
}


def named_table(
    name: str, *, mirror: Path | None = None, folder: Path | None = None, progress: Progress | None = None
) -> tuple[RawTable, str]:
    """The table of this name, and the name of its column to predict; Adult is downloaded where it is not at hand.

    `mirror` defaults to EPOCHAL_MIRROR, `folder` to "data" in the cache folder of epochal.

    Raises:
        DataError: no such table, or its files cannot be had, or are not the published ones.
    """
    if name == "adult":
        return _adult(mirror_folder(mirror), folder or cache_folder() / "data", progress), "income"
    if name not in _BUNDLED:
        raise DataError(f"There is no named table {name!r}. The named tables are {', '.join(NAMED_TABLES)}.")
    frame, origin = _BUNDLED[name]()
    kind = f"{NAMED_TABLES[name].title}, {origin}, with scikit-learn"
    return RawTable(name=name, kind=kind, table=as_table(frame)), str(frame.columns[-1])


def fetch_table(
    name: str, *, mirror: Path | None = None, folder: Path | None = None, progress: Progress | None = None
) -> Path:
    """The folder that holds the files of a named table, verified; they are downloaded where they are not at hand.

    Raises:
        DataError: the table has no files, or they cannot be had, or are not the published ones.
    """
    if name != "adult":
        raise DataError(f"{name} comes with scikit-learn: nothing to download. Look at it: epochal data check {name}.")
    files = [
        _held(file, mirror_folder(mirror), folder or cache_folder() / "data", progress)
        for file in (ADULT_TRAIN, ADULT_TEST)
    ]
    return files[0].parent


def _adult(mirror: Path | None, folder: Path, progress: Progress | None) -> RawTable:
    parts, published = [], []
    for file, split in ((ADULT_TRAIN, TRAIN), (ADULT_TEST, TEST)):
        frame = _read_adult(_held(file, mirror, folder, progress))
        parts.append(frame)
        published.append(np.full(len(frame), split, np.int64))
    raw = RawTable(
        name="adult",
        kind=f"{NAMED_TABLES['adult'].title}, published by UCI (CC BY 4.0), Kohavi 1996",
        table=as_table(pd.concat(parts, ignore_index=True)),
        published=np.concatenate(published),
    )
    raw.decide("test", "the published test rows", "the set is published in two files")
    return raw


def _held(file: BenchmarkFile, mirror: Path | None, folder: Path, progress: Progress | None) -> Path:
    """The published file, or what a mirror holds in its place; verified."""
    for candidate in (file, MIRRORED[file.name]) if mirror is not None else ():
        assert mirror is not None
        path = mirror / "adult" / candidate.name
        if path.is_file():
            problem = problem_of(path, size=candidate.size, sha256=candidate.sha256)
            if problem is not None:
                raise DataError(
                    f"{path} is not the published file: {problem}. Replace it in the mirror, or unset EPOCHAL_MIRROR "
                    "to download."
                )
            return path
    path = folder / "adult" / file.name
    return download(file.addresses, path, size=file.size, sha256=file.sha256, progress=progress)


def _read_adult(path: Path) -> pd.DataFrame:
    """The rows of one file: it has no header, blanks after commas, and in the test file a point after each label."""
    frame = pd.read_csv(
        path, names=list(ADULT_COLUMNS), skipinitialspace=True, comment="|", keep_default_na=False, na_values=[""]
    )
    frame["income"] = frame["income"].str.removesuffix(".")
    return frame


def _breast_cancer() -> tuple[pd.DataFrame, str]:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    frame = data.frame.drop(columns="target")
    frame["diagnosis"] = data.target_names[data.target]
    return frame, "Wolberg, Street and Mangasarian 1993"


def _wine() -> tuple[pd.DataFrame, str]:
    from sklearn.datasets import load_wine

    data = load_wine(as_frame=True)
    frame = data.frame.drop(columns="target")
    frame["cultivar"] = data.target_names[data.target]
    return frame, "Aeberhard and Forina 1991"


def _diabetes() -> tuple[pd.DataFrame, str]:
    from sklearn.datasets import load_diabetes

    data = load_diabetes(as_frame=True, scaled=False)
    frame = data.frame.rename(columns={"target": "progression"})
    return frame, "Efron, Hastie, Johnstone and Tibshirani 2004"


_BUNDLED: dict[str, Callable[[], tuple[pd.DataFrame, str]]] = {
    "breast-cancer": _breast_cancer,
    "diabetes": _diabetes,
    "wine": _wine,
}


class NamedTable(NamedTuple):
    """What is to say of a table before it is read: what it is of, its rows, the size of its files, its licence."""

    title: str
    rows: str
    size: str
    licence: str


NAMED_TABLES: dict[str, NamedTable] = {
    "adult": NamedTable(
        "census income of 1994",
        "32,561 rows and 16,281 to test",
        f"{(ADULT_TRAIN.size + ADULT_TEST.size) / 1e6:.1f} MB",
        "CC BY 4.0",
    ),
    "breast-cancer": NamedTable("cells of breast tumours", "569 rows", "built in", "BSD 3-Clause"),
    "diabetes": NamedTable("progression of diabetes after a year", "442 rows", "built in", "BSD 3-Clause"),
    "wine": NamedTable("chemistry of wines of three cultivars", "178 rows", "built in", "BSD 3-Clause"),
}
