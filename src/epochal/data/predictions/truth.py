"""The truth: which items there are, by id, and the class or the number that each of them has."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

from epochal.core.errors import DataError, UserError
from epochal.data.labels import LABEL_COLUMNS, MANY, order_labels, shown
from epochal.data.predictions.rows import Rows, counted, few
from epochal.data.report import Decision

CLASSES, NUMBERS = "classes", "numbers"
TASKS = (CLASSES, NUMBERS)

LEAST_OF_A_CLASS = 5  # items of each of many whole numbers, on average, where these are classes

# Names that a column may have, the likeliest first.
ID_COLUMNS = ("id", "item", "item_id", "row_id", "key", "uid", "uuid", "index", "name", "input", "image", "file",
              "filename", "file_name", "path", "filepath", "image_path", "passengerid")  # fmt: skip
TRUTH_COLUMNS = (*LABEL_COLUMNS, "truth", "true", "y", "y_true", "actual", "value", "number")


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """The items that have a truth, and what it is.

    `targets` are places in `classes`, int [items], or numbers, float [items]. `column` holds them in the file, and `id`
    the ids, in this file and in all others.
    """

    name: str
    id: str
    column: str
    columns: tuple[str, ...]  # all that its file has
    task: str  # "classes" | "numbers"
    ids: tuple[str, ...]
    targets: Shaped[np.ndarray, " items"]
    classes: tuple[str, ...] = ()
    unlabelled: frozenset[str] = frozenset()  # ids of items without a truth, which are left out
    decisions: tuple[Decision, ...] = ()
    warnings: tuple[str, ...] = ()


def choose_id(truth: Rows, others: Sequence[Rows], asked: str | None, label: str | None) -> tuple[str, Decision | None]:
    """The column that all files have and whose cells tell the items apart, and why it was chosen where nobody said.

    Raises:
        DataError: a file lacks the column that was asked for, there is none that all files have, or several may be it.
    """
    if asked is not None:
        for rows in (truth, *others):
            rows.require(asked, "--id")
        return asked, None
    common = [one for one in truth.columns if one and all(one in rows.columns for rows in others)]
    pool = [one for one in common if one != label and one.casefold() not in TRUTH_COLUMNS]
    named = [one for name in ID_COLUMNS for one in pool if one.casefold() == name]
    single = [one for one in pool if truth.columns.count(one) == 1]
    distinct = [one for one in single if len(set(truth.texts(one))) == len(truth.table)]
    if named:
        chosen, why = named[0], "it is named like one and is in every file"
    elif len(pool) == 1:
        chosen, why = pool[0], "it is the only column that every file has"
    elif len(distinct) == 1:
        chosen, why = distinct[0], "of the columns that every file has, only its cells are all different"
    else:
        raise DataError(_no_id(truth, others, pool, label if label in common else None))
    for rows in (truth, *others):
        rows.require(chosen, "--id")
    return chosen, Decision(what="id", chosen=f"column {chosen!r}", why=why, override="--id COLUMN")


def _no_id(truth: Rows, others: Sequence[Rows], pool: Sequence[str], label: str | None) -> str:
    if pool:
        return (
            f"Expected one column of ids; {few(pool, 6)} are in every file, and any of them may be it. Name it with "
            "--id COLUMN."
        )
    lacking = next((rows for rows in others if not set(rows.columns) & set(truth.columns)), others[0])
    folded = {one.casefold(): one for one in lacking.columns}
    other = next(((one, folded[one.casefold()]) for one in truth.columns if one and one.casefold() in folded), None)
    if other is not None:
        return (
            f"Expected a column of ids that {truth.name} and every file of predictions have; found {other[0]!r} in "
            f"{truth.name} and {other[1]!r} in {lacking.name}. Items are joined by id: give the column of ids the same "
            "name in every file, in the same letters."
        )
    nameless = "" in truth.columns and all("" in rows.columns for rows in others)
    return (
        f"Expected a column of ids that {truth.name} and every file of predictions have; found none"
        + (f" apart from {label!r}, which --label names" if label else "")
        + f". {truth.name} has the columns {truth.listed()}; {lacking.name} has {lacking.listed()}. Items are joined "
        "by id, never by their order: add a column of ids with the same name to every file"
        + (
            " (the first column has no name: if it holds ids and not the numbers of the rows, name it)."
            if nameless
            else ", with a header in the first line."
        )
    )


def read_truth(rows: Rows, *, id: str, label: str | None, task: str | None) -> Truth:
    """The truth of a file.

    Args:
        label: the column of it; None: a column that is named like one, or the only one that is not the id.
        task: "classes" or "numbers"; None: what the column looks like.

    Raises:
        DataError: no column of labels, ids that stand twice, one class only, equal numbers only, or no item at all.
        UserError: there is no such task.
    """
    if task not in (None, *TASKS):
        raise UserError(f"task: expected classes or numbers; got {task!r}.")
    column, decisions = _choose_label(rows, id, label)
    ids, texts = rows.texts(id), rows.texts(column)
    if rows.is_numeric(column):  # then words such as "NA" are no classes
        missing = np.isnan(rows.numbers(column, ids, "a number"))
        texts = ["" if gone else text for text, gone in zip(texts, missing, strict=True)]
    warnings = []
    nameless = sum(not one for one in ids)
    unlabelled = [one for one, text in zip(ids, texts, strict=True) if one and not text]
    if nameless:
        warnings.append(f"{rows.name}: left out {counted(nameless, 'row', 'rows')} without an id in column {id!r}.")
    if unlabelled:
        warnings.append(
            f"{rows.name}: left out {counted(len(unlabelled), 'item', 'items')} without a label in column {column!r} "
            f"({few(unlabelled)})."
        )
    kept = [place for place, (one, text) in enumerate(zip(ids, texts, strict=True)) if one and text]
    kept = _once(rows.name, ids, texts, kept, warnings)
    if len(kept) < 2:
        raise DataError(
            f"{rows.name}: expected two items or more with an id in column {id!r} and a label in column {column!r}; "
            f"found {len(kept)}."
        )
    rows, ids, texts = rows.take(kept), [ids[one] for one in kept], [texts[one] for one in kept]
    reason = "--task says so"
    if task is None:
        task, reason = _looks_like(rows, column, ids, texts)
        other = "" if not rows.is_numeric(column) else "--task numbers" if task == CLASSES else "--task classes"
        decisions.append(Decision(what="task", chosen=task, why=reason, override=other))
    classes: tuple[str, ...] = ()
    if task == NUMBERS:
        targets = rows.numbers(column, ids, "a number")
        if not np.ptp(targets):
            raise DataError(
                f"{rows.name}: expected numbers that differ in column {column!r}; all are {targets[0]:g}. "
                "Name another column with --label."
            )
    else:
        classes = _classes(rows.name, column, texts, asked=label is not None)
        places = {name: place for place, name in enumerate(classes)}
        targets = np.array([places[text] for text in texts])
    return Truth(
        name=rows.name,
        id=id,
        column=column,
        columns=tuple(rows.columns),
        task=task,
        ids=tuple(ids),
        targets=targets,
        classes=classes,
        unlabelled=frozenset(unlabelled),
        decisions=tuple(decisions),
        warnings=tuple(warnings),
    )


def _choose_label(rows: Rows, id: str, asked: str | None) -> tuple[str, list[Decision]]:
    if asked is not None:
        rows.require(asked, "--label")
        if asked == id:
            raise DataError(f"{rows.name}: column {asked!r} cannot hold both the ids and the labels.")
        return asked, []
    left = [column for column in rows.columns if column and column != id]
    named = [column for name in TRUTH_COLUMNS for column in left if column.casefold() == name]
    if not named and len(left) != 1:
        raise DataError(
            f"{rows.name}: expected a column with the true label or number of each item; none of its columns is named "
            f"like one. Its columns are: {rows.listed()}. Name it with --label COLUMN."
        )
    chosen = named[0] if named else left[0]
    rows.require(chosen, "--label")
    if len(left) == 1:
        return chosen, []
    return chosen, [
        Decision(what="truth", chosen=f"column {chosen!r}", why="it is named like one", override="--label COLUMN")
    ]


def _once(name: str, ids: list[str], texts: list[str], kept: list[int], warnings: list[str]) -> list[int]:
    """The rows without those that repeat an id and its label."""
    first: dict[str, int] = {}
    clashing, repeated = dict[str, None](), dict[str, None]()
    for place in kept:
        before = first.setdefault(ids[place], place)
        if before != place:
            (repeated if texts[before] == texts[place] else clashing)[ids[place]] = None
    if clashing:
        raise DataError(
            f"{name}: expected one row for each id; {counted(len(clashing), 'id stands', 'ids stand')} more than once "
            f"with different labels ({few(clashing)}). Keep one row of each, or name another column with --id."
        )
    if repeated:
        warnings.append(
            f"{name}: {counted(len(repeated), 'id stands', 'ids stand')} more than once with the same label "
            f"({few(repeated)}); each is used once."
        )
    return list(first.values())


def _looks_like(rows: Rows, column: str, ids: Sequence[str], texts: Sequence[str]) -> tuple[str, str]:
    """Whether the column holds classes or numbers, and why: few different numbers are classes, and so are whole
    numbers that count on with few gaps, as in `listing.check_labels`, where there are some items of each."""
    if not rows.is_numeric(column):
        return CLASSES, f"column {column!r} holds {len(set(texts)):,} different words"
    numbers = np.unique(rows.numbers(column, ids, "a number"))
    low, high, count = numbers[0], numbers[-1], len(numbers)
    span = f"{count:,} different numbers from {low:g} to {high:g}"
    if any(not float(number).is_integer() for number in numbers):
        if count > min(MANY, len(texts) // 2):
            return NUMBERS, f"column {column!r} holds {span}, with fractions"
        return CLASSES, f"column {column!r} holds only {span}"
    if count > MANY and (count <= (high - low) / 2 or len(texts) < LEAST_OF_A_CLASS * count):
        return NUMBERS, f"column {column!r} holds {span}, with gaps or few items each"
    return CLASSES, f"column {column!r} holds {count:,} whole numbers from {low:g} to {high:g}"


def _classes(name: str, column: str, texts: Sequence[str], *, asked: bool) -> tuple[str, ...]:
    counts = Counter(texts)
    if len(counts) == 1:
        raise DataError(
            f"{name}: expected items of two classes or more; all {len(texts):,} items of column {column!r} are "
            f"{shown(texts[0])!r}. Add items of other classes, or name another column with --label."
        )
    single = sum(count == 1 for count in counts.values())
    if not asked and single > MANY and single > len(texts) / 2:
        raise DataError(
            f"{name}: column {column!r} has {len(counts):,} different labels for {len(texts):,} items, which look like "
            "names of the items, not like classes. Name the column of labels with --label, or say --task numbers if "
            "they are numbers."
        )
    return order_labels(counts)
