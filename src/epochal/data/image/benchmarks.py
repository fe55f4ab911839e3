"""Named public data sets: where each is published, how to know that it is whole, and how to open it.

`fetch` looks, in this order, into a mirror (a folder of the user's, named by argument or by EPOCHAL_MIRROR), into the
folder of earlier downloads, and at the addresses of the publisher. A mirror holds one folder for each set, named like
it, with the published files or, for sets of photos, what they unpack to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from epochal.core.errors import DataError
from epochal.core.record import Record
from epochal.data.cache import cache_folder
from epochal.data.download import Progress, download, extract, problem_of
from epochal.data.image.cifar import read_cifar_archive
from epochal.data.image.idx import read_idx
from epochal.data.mirror import BenchmarkFile, mirror_folder

Arrays = dict[str, tuple[np.ndarray, np.ndarray]]  # split: images uint8 [n, channels, height, width], targets int64 [n]


@dataclass(frozen=True, kw_only=True)
class Benchmark(Record):
    """A named set. `format` is "idx", "cifar" (its Python archive), or "folders" (a zip of class folders).

    `unpacked` is the folder inside the archive that holds the splits. `substitute` names an archive that a mirror may
    hold instead, and `substitute_note` says what is different about it. `checked` says where the checksums are from.
    """

    name: str
    title: str
    licence: str
    citation: str
    format: str
    files: tuple[BenchmarkFile, ...]
    labels: tuple[str, ...]
    checked: str
    unpacked: str = ""
    substitute: str = ""
    substitute_note: str = ""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A set at hand. `kind` is "arrays", with `arrays` of each split and `labels` in the order of the targets, or
    "folder", where `path` holds train/ and val/ or test/ with a subfolder for each class. `notes` are for the user."""

    name: str
    kind: str
    path: Path
    arrays: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def fetch(
    name: str, *, mirror: Path | None = None, folder: Path | None = None, progress: Progress | None = None
) -> Fetched:
    """The set of this name, verified and opened; downloaded where it is not at hand.

    `mirror` defaults to EPOCHAL_MIRROR, `folder` to "data" in the cache folder of epochal. `progress` is called with
    (file, bytes so far, bytes in all).

    Raises:
        DataError: no such set, or its files cannot be had, or are not the published ones.
    """
    if name == "digits":
        raise DataError("digits comes with scikit-learn: there is nothing to fetch. Use it by its name.")
    if name not in BENCHMARKS:
        raise DataError(f"There is no named set {name!r}. The named sets are {', '.join(('digits', *BENCHMARKS))}.")
    benchmark, notes = BENCHMARKS[name], []
    mirror = mirror_folder(mirror)
    home = (folder or cache_folder() / "data") / name
    if mirror is not None:
        found = _from_mirror(benchmark, mirror / name, home)
        if found is not None:
            return found
        notes.append(f"The mirror {mirror} does not hold {name}: it was taken from the published addresses.")
    if benchmark.format == "folders" and (home / "unpacked").is_dir():
        return _folder(benchmark, home / "unpacked" / benchmark.unpacked, notes)
    for file in benchmark.files:
        download(file.addresses, home / file.name, size=file.size, sha256=file.sha256, progress=progress)
    return _opened(benchmark, home, home, notes)


def arrays(name: str, folder: Path) -> Arrays:
    """The splits of an array set, "train" and "test", from the folder that holds its published files.

    Raises:
        DataError: the set is one of photos in folders, or a file is missing or damaged.
    """
    benchmark = BENCHMARKS[name]
    if benchmark.format == "folders":
        raise DataError(f"{name} is a set of photos of many sizes, not arrays: open its folder.")
    if benchmark.format == "cifar":
        return read_cifar_archive(folder / benchmark.files[0].name)
    splits = {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
        targets = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
        if images.ndim != 3 or targets.shape != images.shape[:1]:
            raise DataError(
                f"{folder}: {split} images {images.shape} and labels {targets.shape} do not belong together."
            )
        splits[split] = (images[:, None], targets.astype(np.int64))
    return splits


def _from_mirror(benchmark: Benchmark, held: Path, home: Path) -> Fetched | None:
    """The set as the mirror holds it, or None where it does not."""
    if all((held / file.name).is_file() for file in benchmark.files):
        for file in benchmark.files:
            problem = problem_of(held / file.name, size=file.size, sha256=file.sha256)
            if problem is not None:
                raise DataError(
                    f"{held / file.name} is not the published file: {problem}. Replace it in the mirror, or unset "
                    "EPOCHAL_MIRROR to download."
                )
        return _opened(benchmark, held, home, [])
    if benchmark.format == "folders" and _splits(held):
        note = f"{benchmark.name} is read from the unpacked folder {held}, for which there is no published checksum."
        return _folder(benchmark, held, [note])
    if benchmark.substitute and (held / benchmark.substitute).is_file():
        unpacked = home / benchmark.substitute.split(".")[0]
        if not unpacked.is_dir():
            extract(held / benchmark.substitute, unpacked)
        return _folder(benchmark, unpacked, [benchmark.substitute_note])
    return None


def _opened(benchmark: Benchmark, held: Path, home: Path, notes: list[str]) -> Fetched:
    """Open a set whose published files lie in `held`; what must be unpacked goes to `home`."""
    if benchmark.format != "folders":
        found = arrays(benchmark.name, held)
        return Fetched(
            name=benchmark.name, kind="arrays", path=held, arrays=found, labels=benchmark.labels, notes=tuple(notes)
        )
    if not (home / "unpacked").is_dir():
        extract(held / benchmark.files[0].name, home / "unpacked")
    return _folder(benchmark, home / "unpacked" / benchmark.unpacked, notes)


def _folder(benchmark: Benchmark, path: Path, notes: list[str]) -> Fetched:
    if not _splits(path):
        raise DataError(f"{path} should hold the folders train and val or test of {benchmark.name}, but does not.")
    return Fetched(name=benchmark.name, kind="folder", path=path, labels=benchmark.labels, notes=tuple(notes))


def _splits(path: Path) -> bool:
    return (path / "train").is_dir() and ((path / "val").is_dir() or (path / "test").is_dir())


def _idx_files(sums: Mapping[str, tuple[int, str]], *places: str) -> tuple[BenchmarkFile, ...]:
    return tuple(
        BenchmarkFile(name=name, size=size, sha256=sha256, addresses=tuple(f"{place}/{name}" for place in places))
        for name, (size, sha256) in sums.items()
    )


MNIST = Benchmark(
    name="mnist",
    title="Handwritten digits, 28x28 grey, 60,000 and 10,000 to test",
    licence="none formal",
    citation="LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, 1998",
    format="idx",
    labels=tuple("0123456789"),
    checked="computed from the published files; public download scripts of others carry the same",
    files=_idx_files(
        {
            "train-images-idx3-ubyte.gz": (
                9912422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            "train-labels-idx1-ubyte.gz": (28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            "t10k-images-idx3-ubyte.gz": (1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            "t10k-labels-idx1-ubyte.gz": (4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        },
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
    ),
)

FASHION_MNIST = Benchmark(
    name="fashion-mnist",
    title="Clothing, 28x28 grey, 60,000 and 10,000 to test",
    licence="MIT",
    citation="Xiao, Rasul, Vollgraf, Fashion-MNIST: a novel image dataset, arXiv:1708.07747, 2017",
    format="idx",
    labels=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    checked="computed from the published files; public download scripts of others carry the same",
    files=_idx_files(
        {
            "train-images-idx3-ubyte.gz": (
                26421880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            "train-labels-idx1-ubyte.gz": (29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            "t10k-images-idx3-ubyte.gz": (4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            "t10k-labels-idx1-ubyte.gz": (5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        },
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
    ),
)

CIFAR10 = Benchmark(
    name="cifar10",
    title="Photos of ten kinds of things, 32x32 colour, 50,000 and 10,000 to test",
    licence="none stated",
    citation="Krizhevsky, Learning multiple layers of features from tiny images, 2009",
    format="cifar",
    labels=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    checked="as Keras' cifar10 module checks it; its md5 is c58f30108f718f92721af3b95e74349a",
    files=(
        BenchmarkFile(
            name="cifar-10-python.tar.gz",
            size=170498071,
            sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            addresses=("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
        ),
    ),
    substitute="cifar10-jpeg.tar.xz",
    substitute_note=(
        "cifar10 is read from cifar10-jpeg.tar.xz: its images were encoded as JPEG, which is lossy. Scores on them are "
        "not comparable with published ones."
    ),
)

HYMENOPTERA = Benchmark(
    name="hymenoptera",
    title="Photos of ants and bees of many sizes, 245 to train and 153 to test",
    licence="none stated",
    citation="Chilamkurthy, Transfer learning for computer vision tutorial, PyTorch, 2017",
    format="folders",
    labels=("ants", "bees"),
    checked="as the download script of the PyTorch tutorials checks it",
    unpacked="hymenoptera_data",
    files=(
        BenchmarkFile(
            name="hymenoptera_data.zip",
            size=47286322,
            sha256="fbc41b31d544714d18dd1230b1e2b455e1557766e13e67f9f5a7a23af7c02209",
            addresses=("https://download.pytorch.org/tutorial/hymenoptera_data.zip",),
        ),
    ),
)

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark for benchmark in (MNIST, FASHION_MNIST, CIFAR10, HYMENOPTERA)
}
