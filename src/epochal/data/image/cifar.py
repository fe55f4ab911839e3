"""Reading the CIFAR-10 archive without trusting it: its batches are pickles, and a pickle can run code."""

import io
import pickle
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import DataError

TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = ("test_batch",)


def read_cifar_archive(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """ "train" and "test" of cifar-10-python.tar.gz: images uint8 [n, 3, 32, 32] and targets int64 [n].

    Raises:
        DataError: the archive is damaged, lacks a batch, or holds what is not plain data.
    """
    batches: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in TRAIN + TEST and (stream := archive.extractfile(member)) is not None:
                    batches[name] = _batch(stream.read(), f"{path}, {name}")
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}). Download it again.") from error
    missing = [name for name in TRAIN + TEST if name not in batches]
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}. Expected the Python version of CIFAR-10.")
    splits = {"train": TRAIN, "test": TEST}
    return {
        split: (
            np.concatenate([batches[name][0] for name in names]),
            np.concatenate([batches[name][1] for name in names]),
        )
        for split, names in splits.items()
    }


def _batch(data: bytes, where: str) -> tuple[np.ndarray, np.ndarray]:
    batch = load_plain_pickle(data, where)
    try:
        pixels, targets = batch[b"data"].array(), np.array(batch[b"labels"], dtype=np.int64)
        fits = pixels.dtype == np.uint8 and pixels.shape == (len(targets), 3072) and targets.ndim == 1
        if not fits or targets.min() < 0 or targets.max() > 9:
            raise ValueError("the shapes or the labels differ")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(f"{where}: expected `data` of uint8 [n, 3072] and `labels` from 0 to 9 ({error}).") from error
    return pixels.reshape(-1, 3, 32, 32), targets


def load_plain_pickle(data: bytes, where: str) -> Any:
    """What a pickle of lists, dicts, strings, numbers and NumPy arrays of numbers holds; strings come as bytes.

    Arrays come as `SavedArray`. Anything else that a pickle may name, above all functions, is refused before it is
    looked up.

    Raises:
        DataError: it names something else, or is damaged.
    """
    try:
        return _PlainUnpickler(io.BytesIO(data), encoding="bytes").load()
    except pickle.UnpicklingError as error:
        raise DataError(f"{where} is refused: {error}.") from error
    except Exception as error:  # a damaged pickle can end in almost any error
        raise DataError(f"{where} is damaged ({type(error).__name__}: {error}). Download it again.") from error


class _PlainUnpickler(pickle.Unpickler):
    """Knows only the three names by which NumPy pickles an array, and gives stand-ins even for those."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return lambda *_: SavedArray()
        if (module, name) == ("numpy", "ndarray"):
            return SavedArray
        if (module, name) == ("numpy", "dtype"):
            return SavedType
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is neither an array nor plain data")


class SavedType:
    """A dtype as pickled: its name, and then its byte order. NumPy's own would believe any state that it is given."""

    def __init__(self, name: bytes, *_: Any):
        self.name = name.decode("ascii")
        self.order: Any = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1].decode("ascii")

    def dtype(self) -> np.dtype:
        kind = np.dtype(self.name).newbyteorder(self.order)
        if kind.kind not in "biuf":
            raise ValueError(f"an array of {kind}, expected numbers")
        return kind


class SavedArray:
    """An array as pickled: (version, shape, type, whether columns come first, bytes)."""

    def __init__(self) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def array(self) -> np.ndarray:
        """Raises ValueError where the bytes do not fill the shape, or are not numbers."""
        _, shape, kind, columns_first, data = self.state
        return np.frombuffer(data, dtype=kind.dtype()).reshape(shape, order="F" if columns_first else "C")
