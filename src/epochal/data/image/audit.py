"""Looking for copies: exact ones by a hash of their pixels, near ones by likeness, checked pixel by pixel.

Near copies are what re-encoding, resizing, and changes of brightness or contrast leave of a picture. Pictures are
reduced to 16x16 grey by area averaging and standardised, so that the distance of two is a function of their
correlation: |a - b|^2 = 2 (1 - correlation). Projecting on a few principal components never lengthens a distance,
so a search there misses no pair; each candidate is then checked, at up to 32x32 pixels. The
levels were set by looking at pairs: of CIFAR-10's pairs above 0.985 practically all are the same photo, while honest
trousers of Fashion-MNIST reach 0.997, and different 8x8 digits 0.993. Mirrored, cropped and shifted copies are not
found.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, UInt8

SIDE, CHECK_SIDE, COMPONENTS, BLOCK = 16, 32, 16, 512
# Correlations at 16x16 and at up to 32x32 pixels, the loosest first. Small pictures start at the second.
LEVELS = ((0.985, 0.97), (0.998, 0.998), (0.9995, 0.9995))
PHOTO = 32  # pictures with a shorter side than this are small
FLATTEST = 4.0  # grey levels: flatter pictures have nothing to be recognised by
LUMA = (0.299, 0.587, 0.114)  # as Pillow weighs red, green and blue, so that a picture made grey is found
MOST_CANDIDATES = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Pairs of example indices that show the same picture. A group of exact copies is listed as a chain."""

    exact: Int64[np.ndarray, "exact 2"]
    near: Int64[np.ndarray, "near 2"]
    exact_pairs: int  # all pairs of exact copies, counted
    method: str
    note: str = ""  # for the user, where the search had to be limited

    @property
    def pairs(self) -> Int64[np.ndarray, "pairs 2"]:
        return np.concatenate([self.exact, self.near])


def find_copies(images: UInt8[np.ndarray, "n channels height width"], contents: UInt8[np.ndarray, "n bytes"]) -> Copies:
    """Exact copies by the hash of their own pixels (`contents`), and near copies among the encoded images.

    Where the usual level would join more than a tenth of all pictures into one group, the pictures are alike by
    nature (a fixed camera, aligned scans), and the next stricter level is taken.
    """
    exact, number = exact_copies(contents)
    single = np.ones(len(contents), bool)
    single[exact[:, 1]] = False  # of exact copies the first stands for all
    chosen = np.flatnonzero(single)
    usable, reduced = _standardised(images, chosen, SIDE)
    chosen = chosen[usable]
    first_level = 0 if min(images.shape[2:]) >= PHOTO else 1
    note = ""
    for level, (rough, fine) in enumerate(LEVELS[first_level:], start=first_level):
        near = _near(images, chosen, reduced, rough, fine)
        if near is not None and _largest(near, len(contents)) <= max(10, len(contents) // 10):
            if level > first_level:
                note = (
                    "many pictures are alike by nature (as from a fixed camera): only near copies of a correlation "
                    f"above {fine} are counted as copies."
                )
            return Copies(exact=exact, near=near, exact_pairs=number, method=_method(fine), note=note)
    note = (
        "the pictures are so alike that near copies cannot be told from different pictures: only exact copies are "
        "counted."
    )
    return Copies(
        exact=exact, near=np.empty((0, 2), np.int64), exact_pairs=number, method="hash of the pixels", note=note
    )


def exact_copies(contents: UInt8[np.ndarray, "n bytes"]) -> tuple[Int64[np.ndarray, "pairs 2"], int]:
    """Each later copy paired with the first one, and how many pairs there are in all."""
    if not len(contents):
        return np.empty((0, 2), np.int64), 0
    keys = np.ascontiguousarray(contents).view([("", contents.dtype)] * contents.shape[1]).ravel()
    _, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    copies = np.flatnonzero(first[inverse] != np.arange(len(keys)))
    pairs = np.column_stack([first[inverse[copies]], copies]).astype(np.int64)
    return pairs, int((counts * (counts - 1) // 2).sum())


def reduce_grey(images: UInt8[np.ndarray, "n channels height width"], side: int) -> Float32[np.ndarray, "n pixels"]:
    """Grey pictures of side x side pixels by area averaging; no side grows."""
    count, _, height, width = images.shape
    rows = np.linspace(0, height, min(side, height) + 1).round().astype(int)
    columns = np.linspace(0, width, min(side, width) + 1).round().astype(int)
    grey = np.zeros((count, height, width), np.float32)
    for channel, weight in enumerate(LUMA if images.shape[1] == 3 else (1.0,)):
        grey += np.float32(weight) * images[:, channel]
    grey = np.add.reduceat(np.add.reduceat(grey, rows[:-1], axis=1), columns[:-1], axis=2)
    return (grey / np.outer(np.diff(rows), np.diff(columns)).astype(np.float32)).reshape(count, -1)


def _standardised(images: np.ndarray, chosen: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the chosen pictures are not flat, and those as rows of mean 0 and length 1."""
    blocks, usable = [], []
    for start in range(0, len(chosen), 4096):
        rows = reduce_grey(images[chosen[start : start + 4096]], side)
        rows -= rows.mean(axis=1, keepdims=True)
        length = np.linalg.norm(rows, axis=1)
        good = length >= FLATTEST * rows.shape[1] ** 0.5
        usable.append(np.flatnonzero(good) + start)
        blocks.append(rows[good] / length[good, None])
    if not blocks:
        return np.empty(0, np.int64), np.empty((0, 1), np.float32)
    return np.concatenate(usable), np.concatenate(blocks)


def _near(
    images: np.ndarray, chosen: np.ndarray, reduced: np.ndarray, rough: float, fine: float
) -> Int64[np.ndarray, "pairs 2"] | None:
    """Pairs above both correlations, or None where there are too many candidates to look at."""
    none = np.empty((0, 2), np.int64)
    if len(chosen) < 2:
        return none
    sample = reduced[:: max(1, len(reduced) // 5000)].astype(np.float64)
    mean = sample.mean(axis=0)
    _, vectors = np.linalg.eigh((sample - mean).T @ (sample - mean))
    components = vectors[:, : -COMPONENTS - 1 : -1].astype(np.float32)  # those of the largest variance, in this order
    pairs = _close((reduced - mean.astype(np.float32)) @ components, 1.001 * (2 * (1 - rough)) ** 0.5)
    if pairs is None:
        return None
    pairs = pairs[_correlations(reduced, pairs) >= rough]
    if not len(pairs):
        return none
    members, places = np.unique(pairs, return_inverse=True)
    places = places.reshape(-1, 2)
    usable, detailed = _standardised(images, chosen[members], CHECK_SIDE)
    row = np.full(len(members), -1, np.int64)
    row[usable] = np.arange(len(usable))
    rows = row[places]
    kept = np.flatnonzero((rows >= 0).all(axis=1))
    kept = kept[_correlations(detailed, rows[kept]) >= fine]
    found = chosen[pairs[kept]]
    found.sort(axis=1)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def _close(points: Float32[np.ndarray, "n components"], radius: float) -> Int64[np.ndarray, "pairs 2"] | None:
    """Pairs of points at most `radius` apart, or None where there are more than MOST_CANDIDATES of them.

    Points are sorted into strips along the first component and by the second within each, so that a block of
    neighbours need only be compared with a window of its own strip and of the next.
    """
    if points.shape[1] == 1:
        points = np.column_stack([points, np.zeros_like(points)])
    strip = np.floor(points[:, 0] / radius).astype(np.int64)
    order = np.lexsort((points[:, 1], strip))
    points, strip = points[order], strip[order]
    squares = np.einsum("ij,ij->i", points, points)
    numbers, starts = np.unique(strip, return_index=True)
    ends = {
        int(number): (int(a), int(b)) for number, a, b in zip(numbers, starts, [*starts[1:], len(strip)], strict=True)
    }
    found, total = [np.empty((0, 2), np.int64)], 0
    for number, (first, last) in ends.items():
        for start in range(first, last, BLOCK):
            stop = min(start + BLOCK, last)
            low, high = points[start, 1] - radius, points[stop - 1, 1] + radius
            for a, b in ((start, last), ends.get(number + 1, (0, 0))):
                window = a + np.searchsorted(points[a:b, 1], [low, high], side="left")
                columns = slice(int(window[0]), int(window[1]))
                apart = squares[start:stop, None] + squares[None, columns] - 2 * points[start:stop] @ points[columns].T
                row, column = np.nonzero(apart <= radius**2)
                row, column = row + start, column + columns.start
                later = column > row
                found.append(np.column_stack([row[later], column[later]]))
                total += len(found[-1])
            if total > MOST_CANDIDATES:
                return None
    return order[np.concatenate(found)]


def _correlations(rows: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    blocks = [
        np.einsum("ij,ij->i", rows[pairs[start : start + 65536, 0]], rows[pairs[start : start + 65536, 1]])
        for start in range(0, len(pairs), 65536)
    ]
    return np.concatenate(blocks) if blocks else np.empty(0)


def _largest(pairs: np.ndarray, count: int) -> int:
    """Members of the largest group that the pairs join."""
    from epochal.data.split import join

    return int(np.bincount(join(count, pairs)).max()) if len(pairs) else 0


def _method(fine: float) -> str:
    return (
        f"hash of the pixels; near: correlation of at least {fine} between grey pictures, mirrored and cropped ones "
        "not found"
    )
