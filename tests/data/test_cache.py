"""The cache: pictures are decoded once, never half, and mapped when large."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import epochal
from epochal.core.errors import DataError
from epochal.data import ReadOptions, cache, open_dataset
from epochal.data.image import decode as decoding

from .conftest import picture


@pytest.fixture
def decoded(monkeypatch):
    """Counts the files that are decoded."""
    seen = []
    original = decoding._decode_all

    def counting(listing, *rest):
        seen.append(len(listing.items))
        return original(listing, *rest)

    monkeypatch.setattr(decoding, "_decode_all", counting)
    return seen


def same(first, second):
    assert first.task == second.task and first.codec == second.codec and first.report == second.report
    assert np.array_equal(first.train.inputs, second.train.inputs) and first.train.items == second.train.items


def test_pictures_are_decoded_once(photos, decoded, own_cache):
    root = photos(ant=8, bee=8)
    (root / "ant" / "bad.jpg").touch()
    first, second = open_dataset(root), open_dataset(root)
    same(first, second)
    assert decoded == [17]
    assert [path.name.split("-")[0] for path in own_cache.iterdir()] == ["images"]
    open_dataset(root, options=ReadOptions(seed=1))  # another split of the same pictures
    assert decoded == [17]
    open_dataset(root, options=ReadOptions(size=16))
    assert decoded == [17, 17]


def test_a_changed_file_is_read_again(photos, decoded):
    root = photos(ant=8, bee=8)
    before = open_dataset(root).task.fingerprint
    picture(400).save(root / "ant" / "000.png")
    assert open_dataset(root).task.fingerprint != before
    picture(401).save(root / "ant" / "new.png")
    open_dataset(root)
    assert decoded == [16, 16, 17]


@pytest.mark.parametrize("how", ["rename", "rewrite", "folder"])
def test_files_of_the_same_size_and_time_are_noticed(tmp_path, decoded, how):
    def make(root, start):
        for label, first in (("a", start), ("b", start + 100)):
            (root / label).mkdir(parents=True, exist_ok=True)
            for index in range(6):
                path = root / label / f"{index}.bmp"
                picture(first + index).save(path)
                os.utime(path, (1e9, 1e9))

    root = tmp_path / "photos"
    make(root, 0)
    before = open_dataset(root)
    if how == "folder":
        shutil.rmtree(root)
    other = tmp_path / "other" if how == "rename" else root
    make(other, 300)
    if how == "rename":
        for path in other.glob("*/*"):
            path.replace(root / path.relative_to(other))
    after = open_dataset(root)
    assert after.task.fingerprint != before.task.fingerprint and decoded == [12, 12]
    assert np.array_equal(after.codec.encode(root / after.train.items[0]), after.train.inputs[0])


@pytest.mark.parametrize("damage", ["cut", "missing", "json"])
def test_a_damaged_entry_is_made_anew(photos, decoded, own_cache, damage):
    root = photos(ant=8, bee=8)
    first = open_dataset(root)
    (entry,) = own_cache.iterdir()
    if damage == "cut":
        content = (entry / "images.npy").read_bytes()
        (entry / "images.npy").write_bytes(content[:-100])
    elif damage == "missing":
        (entry / "kept.npy").unlink()
    else:
        (entry / "about.json").write_text("{")
    same(first, open_dataset(root))
    assert decoded == [16, 16]


def test_large_sets_are_mapped_and_equal(photos, monkeypatch, tmp_path):
    root = photos(ant=12, bee=12)
    (root / "ant" / "bad.jpg").touch()
    in_memory = open_dataset(root, options=ReadOptions(cache=str(tmp_path / "one")))
    monkeypatch.setattr(cache, "MAPPED_BYTES", 1000)
    options = ReadOptions(cache=str(tmp_path / "two"))
    for _ in range(2):
        mapped = open_dataset(root, options=options)
        assert isinstance(mapped.train.inputs, np.memmap) and not isinstance(in_memory.train.inputs, np.memmap)
        same(in_memory, mapped)
        assert np.array_equal(mapped.open_test().inputs, in_memory.open_test().inputs)
        half = mapped.train_fraction(0.5)
        assert np.array_equal(half.train.inputs, in_memory.train_fraction(0.5).train.inputs)
        joined = mapped.joined().train
        assert isinstance(joined.inputs, np.memmap)
        assert np.array_equal(joined.inputs, in_memory.joined().train.inputs)
    with pytest.raises(ValueError, match="read-only"):
        mapped.train.inputs[0] = 0


def test_mapped_pictures_that_turn_out_grey(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "MAPPED_BYTES", 1000)
    for label, start in (("a", 0), ("b", 100)):
        (tmp_path / label).mkdir()
        for index in range(6):
            picture(start + index, channels=1).convert("RGB").save(tmp_path / label / f"{index}.png")
    picture(5, 200).save(tmp_path / "a" / "cut.png")
    content = (tmp_path / "a" / "cut.png").read_bytes()
    (tmp_path / "a" / "cut.png").write_bytes(content[: len(content) // 2])
    data = open_dataset(tmp_path, options=ReadOptions(size=40))
    assert data.task.input_shape == (1, 40, 40) and sum(data.task.counts.values()) == 12
    assert np.array_equal(data.codec.encode(tmp_path / data.train.items[0]), data.train.inputs[0])


def test_a_process_killed_while_decoding_leaves_nothing_torn(tmp_path):
    root, folder = tmp_path / "photos", tmp_path / "cache"
    for label, start in (("a", 0), ("b", 100)):
        (root / label).mkdir(parents=True)
        for index in range(20):
            picture(start + index, 60).save(root / label / f"{index}.png")
    script = (
        "import sys, time, epochal.data.image.codec as codec\n"
        "original = codec.Codec.from_eight_bits\n"
        "def slow(self, image):\n"
        "    print('decoding', flush=True); time.sleep(0.2); return original(self, image)\n"
        "codec.Codec.from_eight_bits = slow\n"
        "from epochal.data import open_dataset\n"
        f"open_dataset({str(root)!r})\n"
    )
    source = str(Path(epochal.__file__).parents[1])
    environment = {**os.environ, "EPOCHAL_CACHE": str(folder), "PYTHONPATH": source}
    with subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline().startswith(b"decoding")  # of two threads
        process.send_signal(signal.SIGKILL)
    assert [path.name[:8] for path in folder.iterdir()] == [".making-"]
    data = open_dataset(root, options=ReadOptions(cache=str(folder)))
    assert sum(data.task.counts.values()) == 40
    assert np.array_equal(data.codec.encode(root / data.train.items[0]), data.train.inputs[0])
    (left,) = folder.glob(".making-*")
    os.utime(left, (time.time() - 100_000,) * 2)
    shutil.rmtree(next(folder.glob("images-*")))
    open_dataset(root, options=ReadOptions(cache=str(folder)))
    assert not left.exists()  # what the killed process left is gone a day later


def test_a_cache_that_cannot_be_written(photos, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written .* environment variable EPOCHAL_CACHE"):
        open_dataset(photos(ant=5, bee=5), options=ReadOptions(cache=str(tmp_path / "file" / "cache")))


def test_a_full_disk_is_told_before_decoding(photos, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(DataError, match="decoded pictures need 0.0 GB .* or choose a smaller --size"):
        open_dataset(photos(ant=5, bee=5))


def test_where_the_cache_is(monkeypatch, tmp_path):
    assert cache.cache_folder("~/x") == Path.home() / "x"
    monkeypatch.setenv("EPOCHAL_CACHE", str(tmp_path))
    assert cache.cache_folder() == tmp_path
    monkeypatch.delenv("EPOCHAL_CACHE")
    assert cache.cache_folder().name == "epochal"
