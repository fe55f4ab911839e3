"""The named sets: the table, mirrors, downloads from a real server, and archives of pickles that attack."""

import functools
import gzip
import hashlib
import io
import os
import pickle
import struct
import tarfile
import threading
import warnings
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from epochal.core.errors import DataError
from epochal.data.image import benchmarks
from epochal.data.image.benchmarks import BENCHMARKS, Benchmark, arrays, fetch
from epochal.data.image.cifar import load_plain_pickle, read_cifar_archive
from epochal.data.mirror import BenchmarkFile


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch):
    """The tests name the mirrors that they mean; the real one is a fixture."""
    real = os.environ.get("EPOCHAL_MIRROR")
    monkeypatch.delenv("EPOCHAL_MIRROR", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return real


@pytest.fixture
def real_mirror(no_mirror):
    if not no_mirror:
        pytest.skip("EPOCHAL_MIRROR names no folder with the published files")
    return Path(no_mirror)


def idx(array: np.ndarray) -> bytes:
    return gzip.compress(
        mtime=0, data=bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    )


def small(name: str, data: dict[str, bytes], address: str) -> Benchmark:
    """A set like the named one, with these files."""
    files = tuple(
        BenchmarkFile(
            name=file,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            addresses=(f"{address}/absent/{file}", f"{address}/{file}"),
        )
        for file, content in data.items()
    )
    return BENCHMARKS[name].replace(files=files)


def small_mnist() -> dict[str, bytes]:
    random = np.random.default_rng(0)
    files = {}
    for prefix, count in (("train", 30), ("t10k", 10)):
        files[f"{prefix}-images-idx3-ubyte.gz"] = idx(random.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        files[f"{prefix}-labels-idx1-ubyte.gz"] = idx(np.arange(count, dtype=np.uint8) % 10)
    return files


def small_hymenoptera() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for split in ("train", "val"):
            for label in ("ants", "bees"):
                archive.writestr(f"hymenoptera_data/{split}/{label}/1.jpg", b"a picture")
    return stream.getvalue()


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A web site on this machine; `site(name, files)` publishes a small set there and puts it into the table."""
    root = tmp_path / "site"
    root.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def publish(name: str, files: dict[str, bytes]) -> Path:
            for file, content in files.items():
                (root / file).write_bytes(content)
            address = f"http://127.0.0.1:{server.server_port}"
            monkeypatch.setitem(benchmarks.BENCHMARKS, name, small(name, files, address))
            return root

        yield publish
        server.shutdown()
        thread.join()


def test_the_table_is_whole():
    assert list(BENCHMARKS) == ["mnist", "fashion-mnist", "cifar10", "hymenoptera"]
    for name, benchmark in BENCHMARKS.items():
        assert benchmark.name == name
        assert benchmark.licence
        assert benchmark.checked
        assert Benchmark.from_json(benchmark.to_json()) == benchmark
        for file in benchmark.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.size > 4000
            assert file.addresses
            assert all(address.endswith(f"/{file.name}") for address in file.addresses)


def test_unknown_names_say_which_are_known(tmp_path):
    with pytest.raises(
        DataError, match=r"no named set 'mnits'\. The named sets are digits, mnist, fashion-mnist, cifar10"
    ):
        fetch("mnits", folder=tmp_path)
    with pytest.raises(DataError, match="digits comes with scikit-learn: there is nothing to fetch"):
        fetch("digits", folder=tmp_path)


def test_downloads_arrays_and_needs_the_network_once(site, tmp_path):
    root, told = site("mnist", small_mnist()), []
    found = fetch("mnist", folder=tmp_path / "data", progress=lambda *values: told.append(values))
    assert found.kind == "arrays"
    assert found.labels == tuple("0123456789")
    assert found.notes == ()
    images, targets = found.arrays["train"]
    assert images.shape == (30, 1, 28, 28)
    assert images.dtype == np.uint8
    assert targets.dtype == np.int64
    assert found.arrays["test"][0].shape == (10, 1, 28, 28)
    assert {what for what, *_ in told} == set(small_mnist())
    for path in root.iterdir():
        path.unlink()
    again = fetch("mnist", folder=tmp_path / "data")
    np.testing.assert_array_equal(again.arrays["train"][0], images)


def test_downloads_and_unpacks_photos(site, tmp_path):
    root = site("hymenoptera", {"hymenoptera_data.zip": small_hymenoptera()})
    found = fetch("hymenoptera", folder=tmp_path / "data")
    assert found.kind == "folder"
    assert (found.path / "val" / "ants" / "1.jpg").read_bytes() == b"a picture"
    (root / "hymenoptera_data.zip").unlink()
    assert fetch("hymenoptera", folder=tmp_path / "data") == found
    with pytest.raises(DataError, match="hymenoptera is a set of photos of many sizes, not arrays"):
        arrays("hymenoptera", found.path)


def test_cache_folder_follows_the_environment(site, tmp_path, monkeypatch):
    site("mnist", small_mnist())
    monkeypatch.setenv("EPOCHAL_CACHE", str(tmp_path / "cache"))
    assert fetch("mnist").path == tmp_path / "cache" / "data" / "mnist"


def test_mirror_is_used_in_place_verified_and_never_written_to(site, tmp_path, monkeypatch):
    site("mnist", small_mnist())
    held = tmp_path / "mirror" / "mnist"
    held.mkdir(parents=True)
    for name, content in small_mnist().items():
        (held / name).write_bytes(content)
    monkeypatch.setenv("EPOCHAL_MIRROR", str(tmp_path / "mirror"))
    found = fetch("mnist", folder=tmp_path / "data")
    assert found.path == held
    assert found.notes == ()
    assert not (tmp_path / "data").exists()
    assert sorted(path.name for path in held.iterdir()) == sorted(small_mnist())
    damaged = held / "t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    with pytest.raises(
        DataError, match=r"t10k-labels-idx1-ubyte.gz is not the published file: expected sha256 \w+, got"
    ):
        fetch("mnist", folder=tmp_path / "data")


def test_mirror_without_the_set_is_said_and_one_that_is_absent_is_refused(site, tmp_path):
    site("mnist", small_mnist())
    (tmp_path / "mirror").mkdir()
    found = fetch("mnist", mirror=tmp_path / "mirror", folder=tmp_path / "data")
    assert found.path == tmp_path / "data" / "mnist"
    assert found.notes == (
        f"The mirror {tmp_path / 'mirror'} does not hold mnist: it was taken from the published addresses.",
    )
    with pytest.raises(DataError, match=r"absent is not a folder. Correct EPOCHAL_MIRROR, or unset it to download"):
        fetch("mnist", mirror=tmp_path / "absent", folder=tmp_path / "data")


def test_mirror_may_hold_photos_packed_or_unpacked(site, tmp_path):
    site("hymenoptera", {"hymenoptera_data.zip": small_hymenoptera()})
    held = tmp_path / "mirror" / "hymenoptera"
    held.mkdir(parents=True)
    (held / "hymenoptera_data.zip").write_bytes(small_hymenoptera())
    found = fetch("hymenoptera", mirror=tmp_path / "mirror", folder=tmp_path / "data")
    assert found.path.is_relative_to(tmp_path / "data")
    assert (found.path / "train" / "bees").is_dir()
    assert fetch("hymenoptera", mirror=tmp_path / "mirror", folder=tmp_path / "data") == found
    (held / "hymenoptera_data.zip").unlink()
    for split in ("train", "val"):
        (held / split / "ants").mkdir(parents=True)
    found = fetch("hymenoptera", mirror=tmp_path / "mirror", folder=tmp_path / "data")
    assert found.path == held
    assert "for which there is no published checksum" in found.notes[0]


def test_mirror_may_hold_the_lossy_photos_of_cifar_and_the_user_is_told(tmp_path):
    held = tmp_path / "mirror" / "cifar10"
    held.mkdir(parents=True)
    with tarfile.open(held / "cifar10-jpeg.tar.xz", "w:xz") as archive:
        for split in ("train", "test"):
            archive.addfile(tarfile.TarInfo(f"{split}/cat/0000.jpg"))
    found = fetch("cifar10", mirror=tmp_path / "mirror", folder=tmp_path / "data")
    assert found.kind == "folder"
    assert (found.path / "test" / "cat").is_dir()
    assert "lossy" in found.notes[0]
    assert "not comparable with published ones" in found.notes[0]
    assert fetch("cifar10", mirror=tmp_path / "mirror", folder=tmp_path / "data") == found


def python_2_batch(pixels: np.ndarray, labels: list[int]) -> bytes:
    """The bytes that Python 2 wrote for {"data": pixels, "labels": labels}, protocol 2, as in the published archive."""

    def text(value: bytes) -> bytes:
        return b"T" + struct.pack("<i", len(value)) + value if len(value) > 255 else b"U" + bytes([len(value)]) + value

    kind = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = b"".join(b"M" + struct.pack("<H", size) for size in pixels.shape) + b"\x86"
    start = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
    array = start + shape + kind + b"\x89" + text(pixels.tobytes()) + b"tb"
    return (
        b"\x80\x02}("
        + text(b"data")
        + array
        + text(b"labels")
        + b"("
        + b"".join(b"K" + bytes([n]) for n in labels)
        + b"lu."
    )


def cifar_archive(path: Path, change: dict[str, bytes] | None = None) -> np.ndarray:
    """An archive of six batches of five; the pixels [30, 3072]."""
    pixels = np.random.default_rng(0).integers(0, 256, (30, 3072), dtype=np.uint8)
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    members = {
        name: python_2_batch(pixels[5 * place : 5 * place + 5], [0, 1, 2, 3, place]) for place, name in enumerate(names)
    }
    members = {"readme.html": b"<html>", **members, **(change or {})}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return pixels


def test_cifar_batches_read_as_python_reads_them(tmp_path):
    pixels = cifar_archive(tmp_path / "cifar.tar.gz")
    batch = python_2_batch(pixels[:5], [0, 1, 2, 3, 4])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what NumPy thinks of pickles this old
        plain = pickle.loads(batch, encoding="bytes")  # that the test's own pickle is one
    np.testing.assert_array_equal(plain[b"data"], pixels[:5])
    ours = load_plain_pickle(batch, "batch")
    np.testing.assert_array_equal(ours[b"data"].array(), plain[b"data"])
    assert ours[b"labels"] == plain[b"labels"]


def test_cifar_archive_keeps_order_and_splits(tmp_path):
    pixels = cifar_archive(tmp_path / "cifar.tar.gz")
    splits = read_cifar_archive(tmp_path / "cifar.tar.gz")
    np.testing.assert_array_equal(splits["train"][0], pixels[:25].reshape(25, 3, 32, 32))
    np.testing.assert_array_equal(splits["test"][0], pixels[25:].reshape(5, 3, 32, 32))
    assert splits["train"][1].tolist() == [n for place in range(5) for n in (0, 1, 2, 3, place)]
    assert splits["test"][1].tolist() == [0, 1, 2, 3, 5]
    assert splits["test"][1].dtype == np.int64


class Attack:
    """Pickled, this calls `os.mkdir` when it is read."""

    def __init__(self, path: Path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickle_that_runs_code_is_refused_before_it_does(tmp_path):
    attack = pickle.dumps({"data": Attack(tmp_path / "attacked")}, protocol=2)
    cifar_archive(tmp_path / "cifar.tar.gz", {"data_batch_3": attack})
    with pytest.raises(DataError, match=r"data_batch_3 is refused: it asks for (posix|nt|os)\.mkdir, which is neither"):
        read_cifar_archive(tmp_path / "cifar.tar.gz")
    assert not (tmp_path / "attacked").exists()
    pickle.loads(attack)
    assert (tmp_path / "attacked").exists()  # that the attack is one


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", r"data_batch_1 is damaged \(EOFError"),
        (b"\x80\x02}.", r"data_batch_1: expected `data` of uint8 \[n, 3072\] and `labels` from 0 to 9"),
        (python_2_batch(np.zeros((300, 3072), np.uint8), [0]), "expected `data`"),
        (python_2_batch(np.zeros((1, 3072), np.uint8), [10]), "expected `data`"),
        (python_2_batch(np.zeros((1, 3072), np.uint8), [1]).replace(b"u1", b"O8"), "an array of object"),
        (
            python_2_batch(np.zeros((1, 3072), np.uint8), [1]).replace(b"K\x01M\x01\x00", b"K\x01M\x02\x00"),
            "expected `data`",
        ),
        (b"cbuiltins\neval\n.", r"is refused: it asks for builtins\.eval"),
        (b"cnumpy\nload\n.", r"is refused: it asks for numpy\.load"),
    ],
)
def test_batches_that_are_not_batches_are_named(tmp_path, content, message):
    cifar_archive(tmp_path / "cifar.tar.gz", {"data_batch_1": content})
    with pytest.raises(DataError, match=message):
        read_cifar_archive(tmp_path / "cifar.tar.gz")


def test_archive_that_is_none_or_lacks_a_batch_is_named(tmp_path):
    (tmp_path / "page.tar.gz").write_text("<html>")
    with pytest.raises(DataError, match=r"page.tar.gz cannot be read .* Download it again"):
        read_cifar_archive(tmp_path / "page.tar.gz")
    with tarfile.open(tmp_path / "empty.tar.gz", "w:gz"):
        pass
    with pytest.raises(DataError, match=r"lacks data_batch_1, .*test_batch. Expected the Python version"):
        read_cifar_archive(tmp_path / "empty.tar.gz")


@pytest.mark.parametrize("name, mean", [("mnist", 0.1307), ("fashion-mnist", 0.2860)])
def test_published_files_have_the_published_checksums_and_mean(real_mirror, tmp_path, name, mean):
    if not (real_mirror / name).is_dir():
        pytest.skip(f"the mirror does not hold {name}")
    found = fetch(name, mirror=real_mirror, folder=tmp_path)
    images, targets = found.arrays["train"]
    assert images.shape == (60_000, 1, 28, 28)
    assert found.arrays["test"][0].shape == (10_000, 1, 28, 28)
    assert np.bincount(targets).shape == (10,)
    assert images.mean() / 255 == pytest.approx(mean, abs=1e-4)


def test_photos_of_the_mirror(real_mirror, tmp_path):
    if not (real_mirror / "hymenoptera").is_dir():
        pytest.skip("the mirror does not hold hymenoptera")
    found = fetch("hymenoptera", mirror=real_mirror, folder=tmp_path)
    assert sum(1 for path in found.path.glob("*/*/*") if path.is_file()) in (397, 398)
