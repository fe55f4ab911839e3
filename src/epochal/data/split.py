"""Cutting train, validation and test: by class, by group, and the same on every machine."""

import hashlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, Int64, Integer, Shaped, UInt64

TRAIN, VALIDATION, TEST = 0, 1, 2
SHOWN = 3  # classes that a note names
SPLIT_COLUMNS = ("split", "set", "subset", "fold")
DEFAULT_VALIDATION = 0.2
SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}
SPLIT_OF = {name: split for split, names in SPLIT_NAMES.items() for name in names}
GROUPS = 10  # of numbers to predict, where a subset is to have each in proportion


def rank(seed: int, items: Sequence[str]) -> UInt64[np.ndarray, " items"]:
    """A place in line for each item, from a hash of the seed and its name.

    It depends on neither the order of files, nor the machine, nor a library's version; adding files moves no other.
    """
    digests = b"".join(
        hashlib.blake2b(f"{seed}|{item}".encode("utf-8", "surrogateescape"), digest_size=8).digest() for item in items
    )
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def wanted(count: int, fractions: Sequence[float]) -> tuple[int, ...]:
    """How many of a class's examples go to each held-out split. Train keeps one first, the last split gets one next."""
    taken: list[int] = []
    left = count - 1
    for fraction in reversed(fractions):  # the test split comes last, and is served first
        number = 0 if fraction == 0 else min(left, max(1, round(fraction * count)))
        taken.append(max(0, number))
        left -= taken[-1]
    return tuple(reversed(taken))


def share(held: Int[np.ndarray, "classes 2"], line: Int[np.ndarray, " line"], validation: float) -> None:
    """Moves the one held-out example of some classes in line to validation, so that it gets this share of them all.

    `held` counts the examples of validation and test, and is changed. The first in line serves the test.
    """
    numbers = np.floor(np.arange(len(line) + 1) * validation)
    moved = line[np.diff(numbers) > 0]
    held[moved] = (1, 0)


def assign(
    targets: Int[np.ndarray, " examples"],
    units: Int[np.ndarray, " examples"],
    order: Integer[np.ndarray, " examples"],
    *,
    validation: float,
    test: float,
    classes: int,
) -> Int64[np.ndarray, " examples"]:
    """The split of each example: 0 train, 1 validation, 2 test.

    `units` numbers the groups that must stay together; `order` is the line in which examples are taken (see
    `rank`); the fractions are of all examples given. Each class is split in these proportions as nearly as its
    groups allow; where a class can hold out a single example, some classes give theirs to validation and the others to
    test. Groups of several examples are placed first, the largest first, each where the counts of its
    classes come nearest to what is wanted; single examples then fill up each class exactly.
    """
    counts = np.bincount(targets, minlength=classes)
    held = np.array([wanted(int(count), (validation, test)) for count in counts]).reshape(classes, 2)
    if validation and test:
        first = np.full(classes, np.iinfo(np.uint64).max, np.uint64)
        np.minimum.at(first, targets, order)
        alone = np.flatnonzero(held.sum(axis=1) == 1)
        share(held, alone[np.argsort(first[alone], kind="stable")], validation / (validation + test))
    goal = np.column_stack([counts - held.sum(axis=1), held]).astype(np.float64)  # [classes, splits]
    result = np.full(len(targets), TRAIN, np.int64)
    have = np.zeros_like(goal)
    size = np.bincount(units)
    grouped = np.flatnonzero(size[units] > 1)
    members: dict[int, list[int]] = {}
    for index in grouped:
        members.setdefault(int(units[index]), []).append(int(index))
    line = sorted(members.values(), key=lambda group: (-len(group), min(int(order[index]) for index in group)))
    weight = 1 / np.maximum(goal, 1)
    open_splits = [TRAIN, *([VALIDATION] if validation else []), *([TEST] if test else [])]
    for group in line:
        adds = np.bincount(targets[group], minlength=classes)[:, None]
        # how much the squared shortfall changes when the group goes to this split
        change = ((have + adds - goal) ** 2 - (have - goal) ** 2) * weight
        split = min(open_splits, key=lambda choice: float(change[:, choice].sum()))
        result[group] = split
        have[:, split] += adds[:, 0]
    single = np.flatnonzero(size[units] == 1)
    single = single[np.argsort(order[single], kind="stable")]
    for target in range(classes):
        line_of_class = single[targets[single] == target]
        needs = np.maximum(goal[target] - have[target], 0).astype(int)
        test_count = min(needs[TEST], len(line_of_class))
        result[line_of_class[:test_count]] = TEST
        result[line_of_class[test_count : test_count + needs[VALIDATION]]] = VALIDATION
    _fill_empty(result, units, order, open_splits)
    return result


def _fill_empty(result: np.ndarray, units: np.ndarray, order: np.ndarray, open_splits: Sequence[int]) -> None:
    """Give a held-out split that few large groups left empty the smallest group of train, if train keeps another."""
    for split in reversed(open_splits):
        if (result == split).any():
            continue
        train = np.unique(units[result == TRAIN])
        if len(train) < 2:
            continue
        size = np.bincount(units)
        first = {int(unit): int(order[units == unit].min()) for unit in train[size[train] == size[train].min()]}
        result[units == min(first, key=lambda unit: first[unit])] = split


def stratified(
    targets: Shaped[np.ndarray, " examples"], order: Integer[np.ndarray, " examples"], count: int
) -> Int64[np.ndarray, " chosen"]:
    """Indices, sorted, of about `count` examples with each class in proportion, at least one of each; numbers to
    predict are cut into groups of equal size, which stand for classes.

    Subsets nest: with the same order, a smaller one lies inside a larger one.
    """
    strata = groups_of(targets) if np.issubdtype(np.asarray(targets).dtype, np.floating) else targets
    chosen = []
    for stratum in np.unique(strata):
        line = np.flatnonzero(strata == stratum)
        line = line[np.argsort(order[line], kind="stable")]
        chosen.append(line[: max(1, round(len(line) * count / len(targets)))])
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)


def groups_of(numbers: Float[np.ndarray, " numbers"]) -> Int64[np.ndarray, " numbers"]:
    """The group of each number, of `GROUPS` that hold equally many."""
    return np.searchsorted(np.quantile(numbers, np.linspace(0, 1, GROUPS + 1)[1:-1]), numbers)


def join(
    count: int, pairs: Int[np.ndarray, "pairs 2"], groups: Sequence[str] | None = None
) -> Int64[np.ndarray, " count"]:
    """The group of each example, where pairs and equal group names belong together."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = [np.asarray(pairs, np.int64).reshape(-1, 2)]
    if groups is not None:
        first: dict[str, int] = {}
        named = [(first.setdefault(name, index), index) for index, name in enumerate(groups) if name]
        edges.append(np.array(named, np.int64).reshape(-1, 2))
    rows, columns = np.concatenate(edges).T
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def straddling(
    split: Int[np.ndarray, " examples"], units: Int[np.ndarray, " examples"]
) -> Bool[np.ndarray, " examples"]:
    """Examples whose group also lies in a later split (validation comes after train, test after both)."""
    furthest = np.zeros(int(units.max()) + 1 if len(units) else 0, np.int64)
    np.maximum.at(furthest, units, split)
    return split < furthest[units]


def small_classes(labels: Sequence[str], targets: np.ndarray, split: np.ndarray) -> list[str]:
    """What classes with too few examples mean for what can be learned and judged: one line for each kind of them."""
    counts = np.column_stack(
        [np.bincount(targets[split == which], minlength=len(labels)) for which in (TRAIN, VALIDATION, TEST)]
    )
    train, validation, test = counts.T
    total, rest = counts.sum(axis=1), counts.sum(axis=1) > 0
    notes = []
    for which, one, many in (
        (train == 0, "none of them in train: it cannot be learned", "no image in train: they cannot be learned"),
        (
            total == 1,
            "it cannot be in both train and test; it stays in train and cannot be judged",
            "1 image each: it stays in train, and these classes cannot be judged",
        ),
        (test == 0, "none of them in test: it cannot be judged", "no image in test: they cannot be judged"),
        (
            validation == 0,
            "none of them in validation: the choice between rungs cannot see it",
            "no image in validation: the choice between rungs cannot see them",
        ),
    ):
        chosen = np.flatnonzero(rest & which).tolist()
        rest = rest & ~which
        if len(chosen) == 1:
            number = total[chosen[0]]
            joined = ": " if number == 1 and train[chosen[0]] else ", "
            images = f"{number} image{'' if number == 1 else 's'}"
            notes.append(f"class {labels[chosen[0]]!r} has {images}{joined}{one}.")
        elif chosen:
            notes.append(f"{len(chosen):,} classes ({some([labels[index] for index in chosen])}) have {many}.")
    scarce = np.flatnonzero((train == 1) & (total > 1)).tolist()
    if scarce:
        named = some([labels[index] for index in scarce])
        few = f"class {named} has" if len(scarce) == 1 else f"{len(scarce):,} classes ({named}) have"
        notes.append(f"{few} a single image to learn from, because the others are held out: add images.")
    return notes


def some(names: Sequence[str]) -> str:
    """A few of the names, and how many more there are."""
    shown = ", ".join(map(repr, names[:SHOWN]))
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN:,} more"


def small_test(count: int, noun: str) -> list[str]:
    """What a small test split cannot tell apart: two accuracies near 90%, each of `count` examples, at 95%."""
    resolution = 1.96 * (2 * 0.9 * 0.1 / count) ** 0.5
    if resolution <= 0.02:
        return []
    return [
        f"the test split has {count:,} {noun}: differences in accuracy below about {100 * resolution:.0f} points "
        "cannot be told from chance there."
    ]
