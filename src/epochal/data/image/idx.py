"""Reading IDX files, the format of MNIST: a magic number, the sizes of the dimensions, then the numbers.

Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section "The IDX file format": two
zero bytes, one byte for the type, one for the number of dimensions, a big-endian 32-bit size for each, then the
numbers, big-endian, the last dimension fastest.
"""

import gzip
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from epochal.core.errors import DataError

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path | str) -> np.ndarray:
    """The array in an IDX file, gzipped or plain whatever its ending says, in the byte order of this machine.

    Never reads more than the header promises, so that a damaged or hostile file cannot fill the memory.

    Raises:
        DataError: the file is not there, is not IDX, or holds fewer or more numbers than its header says.
    """
    path = Path(path)
    try:
        with path.open("rb") as plain:
            zipped = plain.read(2) == GZIP_MAGIC
            plain.seek(0)
            if not zipped:
                return _read(plain, path)
            with gzip.open(plain) as stream:
                return _read(stream, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is a damaged gzip file ({error}). Download it again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _read(stream: io.BufferedIOBase, path: Path) -> np.ndarray:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES:
        known = ", ".join(f"{code:02x}" for code in TYPES)
        raise DataError(
            f"{path} is not an IDX file: expected it to start with 00 00, a type ({known}) and the number of "
            f"dimensions, got {magic.hex(' ') or 'nothing'}."
        )
    dimensions = magic[3]
    header = stream.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise DataError(f"{path} ends in the middle of its header: it promises {dimensions} dimensions.")
    shape = struct.unpack(f">{dimensions}I", header)
    kind = np.dtype(TYPES[magic[2]])
    wanted = math.prod(shape) * kind.itemsize
    body = bytearray()
    while len(body) <= wanted and (piece := stream.read(min(2**22, wanted + 1 - len(body)))):
        body += piece
    if len(body) != wanted:
        came = f"only {len(body):,}" if len(body) < wanted else "more"
        raise DataError(
            f"{path} is cut short or damaged: its header promises {' x '.join(map(str, shape))} numbers, which are "
            f"{wanted:,} bytes, but {came} follow. Download it again."
        )
    return np.frombuffer(body, dtype=kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)
