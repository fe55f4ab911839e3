"""IDX files: every type, plain and gzipped, and every way of being damaged."""

import gzip
import struct

import numpy as np
import pytest

from epochal.core.errors import DataError
from epochal.data.image.idx import TYPES, read_idx


def packed(array: np.ndarray, code: int) -> bytes:
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(TYPES[code]).tobytes()


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_type_plain_and_gzipped(tmp_path, code, zipped):
    array = np.arange(-3, 21).reshape(2, 3, 4).astype(np.dtype(TYPES[code]).newbyteorder("="))
    data = packed(array, code)
    path = tmp_path / "named-without-ending"
    path.write_bytes(gzip.compress(data) if zipped else data)
    found = read_idx(path)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype
    assert found.dtype.isnative
    assert found.flags.writeable


def test_no_dimension_and_an_empty_one(tmp_path):
    (tmp_path / "scalar").write_bytes(packed(np.array(7), 0x08))
    (tmp_path / "empty").write_bytes(packed(np.zeros((0, 28, 28)), 0x08))
    assert read_idx(tmp_path / "scalar") == 7
    assert read_idx(str(tmp_path / "empty")).shape == (0, 28, 28)


GOOD = packed(np.arange(24).reshape(2, 3, 4), 0x08)
ZIPPED = gzip.compress(GOOD, mtime=0)  # without the time of day, which would be part of a test's name


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", r"is not an IDX file: expected it to start with 00 00, a type .* got nothing"),
        (b"\0\0\x08", r"is not an IDX file.* got 00 00 08"),
        (b"\x89PNG....", r"is not an IDX file.* got 89 50 4e 47"),
        (b"\0\0\x07\x01....", r"is not an IDX file.* got 00 00 07 01"),
        (GOOD[:9], r"ends in the middle of its header: it promises 3 dimensions"),
        (GOOD[:-1], r"header promises 2 x 3 x 4 numbers, which are 24 bytes, but only 23 follow. Download it again"),
        (GOOD + b"!", r"24 bytes, but more follow"),
        (b"\0\0\x08\x03" + b"\xff" * 12, r"but only 0 follow"),  # 79 billion billion billion bytes
        (ZIPPED[:-12], r"is a damaged gzip file"),
        (ZIPPED[:-8] + bytes(8), r"is a damaged gzip file"),
        (ZIPPED[:12], r"is a damaged gzip file"),
    ],
)
def test_damaged_files_are_named_with_what_is_wrong(tmp_path, data, message):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(data)
    with pytest.raises(DataError, match=f"train-images-idx3-ubyte.gz {message}|{message}"):
        read_idx(path)


def test_a_file_that_unpacks_to_more_than_it_promises_is_not_unpacked(tmp_path):
    bomb = gzip.compress(GOOD + bytes(2**28), compresslevel=1)
    (tmp_path / "bomb").write_bytes(bomb)
    with pytest.raises(DataError, match="but more follow"):
        read_idx(tmp_path / "bomb")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="cannot be read: No such file or directory"):
        read_idx(tmp_path / "absent")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_idx(tmp_path)
