"""The answers of one file of predictions, in the order of the truth's items: labels, probabilities or numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped

from epochal.core.errors import DataError, UserError
from epochal.data.labels import as_label, shown
from epochal.data.predictions.columns import PROBABILITY, class_columns, find_column, label_column, number_column
from epochal.data.predictions.rows import Rows, counted, few, such
from epochal.data.predictions.truth import NUMBERS, Truth

LABELS, PROBABILITIES = "labels", "probabilities"
ROUNDING = 0.02  # how far from one the probabilities of an item may sum, as rounded ones do
EXACT = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What one file says of each item.

    `values` are numbers, float [items]; or labels, the place of each in the truth's classes, int [items]; or the
    probability of each class, float [items, classes + 1]. The place after all classes is that of every other class, and
    of items that are not `answered`; their numbers are zero.
    """

    form: str  # "labels" | "probabilities" | "numbers"
    columns: tuple[str, ...]
    values: Shaped[np.ndarray, "items ..."]
    answered: Bool[np.ndarray, " items"]
    warnings: tuple[str, ...] = ()


def read_answers(rows: Rows, truth: Truth, *, prediction: str | None = None, positive: str | None = None) -> Answers:
    """The answers of a file, joined to the items of the truth by id.

    Args:
        prediction: the column of labels or numbers; None: columns named by classes, else one named like a prediction.
        positive: the class whose probability a lone column of probabilities holds.

    Raises:
        DataError: the message names the file, what was expected there, what came, and what to do.
    """
    if prediction is not None:
        rows.require(prediction, "--prediction")
    rows, places, warnings = _of_the_truth(rows, truth)
    ids = np.array(truth.ids, dtype=object)[places]
    columns: tuple[str, ...]
    if truth.task == NUMBERS:
        column = number_column(rows, truth, prediction)
        form, columns, values = NUMBERS, (column,), rows.numbers(column, ids, "a number")
        given = ~np.isnan(values)
    else:
        form, columns, values, given = _classes(rows, truth, ids, prediction, positive, warnings)
    places, values = places[given], values[given]
    if not len(places):
        raise DataError(
            f"{rows.name}: expected predictions in {_columns(columns)}; all cells are empty. Name another column with "
            "--prediction."
        )
    places, values = _once(rows.name, truth, places, values, warnings)
    answered = np.zeros(len(truth.ids), dtype=bool)
    answered[places] = True
    whole = np.zeros((len(truth.ids), *values.shape[1:]), dtype=values.dtype)
    whole[places] = values
    if form == LABELS:
        whole[~answered] = len(truth.classes)
    elif form == PROBABILITIES:
        whole[~answered, -1] = 1
    if form != PROBABILITIES:
        warnings += _too_good(rows.name, truth, whole, answered, columns)
    return Answers(form=form, columns=columns, values=whole, answered=answered, warnings=tuple(warnings))


def _of_the_truth(rows: Rows, truth: Truth) -> tuple[Rows, np.ndarray, list[str]]:
    """The rows whose items have a truth, and the place of each among its items."""
    known, ids = {one: place for place, one in enumerate(truth.ids)}, rows.texts(truth.id)
    kept = [row for row, one in enumerate(ids) if one in known]
    nameless = ids.count("")
    others = dict.fromkeys(one for one in ids if one and one not in known and one not in truth.unlabelled)
    _refuse_other_zeros(rows.name, truth, set(ids), others)
    if not kept:
        raise DataError(
            f"{rows.name}: expected predictions of the items in {truth.name}; none of its ids is there. Column "
            f"{truth.id!r} holds {few(others) or 'nothing'} here, and {few(truth.ids)} there. If these are the same "
            "items, write their ids in the same way; else give the predictions that belong to this truth."
        )
    warnings = []
    if nameless:
        warnings.append(
            f"{rows.name}: left out {counted(nameless, 'row', 'rows')} without an id in column {truth.id!r}."
        )
    if others:
        warnings.append(
            f"{rows.name}: left out {counted(len(others), 'item', 'items')} not in {truth.name} ({few(others)})."
        )
    return rows.take(kept), np.array([known[ids[row]] for row in kept]), warnings


def _refuse_other_zeros(name: str, truth: Truth, ids: set[str], others: Iterable[str]) -> None:
    """Raises DataError where ids differ from those of the truth in leading zeros only: 007 was taken for a number."""
    lacking = {one.lstrip("0"): one for one in truth.ids if one.isdigit() and one not in ids}
    alike = [one for one in others if one.isdigit() and one.lstrip("0") in lacking]
    if alike:
        raise DataError(
            f"{name}: expected ids as {truth.name} has them; {counted(len(alike), 'id differs', 'ids differ')} in "
            f"leading zeros only, such as {alike[0]!r} here and {lacking[alike[0].lstrip('0')]!r} there. A program "
            'took ids for numbers: write them as text (pandas: read_csv(..., dtype={"' + truth.id + '": str})).'
        )


def _once(
    name: str, truth: Truth, places: np.ndarray, values: np.ndarray, warnings: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Without the rows that repeat an item and its answer."""
    unique, first, back = np.unique(places, return_index=True, return_inverse=True)
    if len(unique) == len(places):
        return places, values
    same = (values == values[first][back]).reshape(len(values), -1).all(axis=1)
    clashing = [truth.ids[place] for place in np.unique(places[~same])]
    if clashing:
        raise DataError(
            f"{name}: expected one row for each item; {counted(len(clashing), 'item has', 'items have')} more "
            f"than one, with different predictions ({few(clashing)}). Keep one row of each. If they are seeds, give "
            "each seed a file of its own: NAME=FIRST,SECOND."
        )
    repeated = [truth.ids[place] for place in unique[np.bincount(back) > 1]]
    warnings.append(
        f"{name}: {counted(len(repeated), 'item stands', 'items stand')} more than once, with the same prediction "
        f"({few(repeated)}); each is used once."
    )
    return unique, values[first]


def _classes(
    rows: Rows,
    truth: Truth,
    ids: np.ndarray,
    prediction: str | None,
    positive: str | None,
    warnings: list[str],
) -> tuple[str, tuple[str, ...], np.ndarray, np.ndarray]:
    """Form, columns, labels [rows] or probabilities [rows, classes + 1], and which rows have any."""
    found = None if prediction is not None else class_columns(rows, truth)
    if found:
        values, given = _probabilities(rows, truth, ids, found, warnings)
        warnings += _other_labels(rows, truth, found, values[given], given)
        return PROBABILITIES, tuple(found), values, given
    column = label_column(rows, truth, prediction)
    texts = rows.texts(column)
    of_one = _of_one_class(rows, truth, column, texts, positive)
    if of_one is not None:
        values, given = _probabilities(rows, truth, ids, {column: of_one}, warnings)
        warnings.append(
            f"{rows.name}: column {column!r} is read as the probability of class {shown(truth.classes[of_one])}."
        )
        return PROBABILITIES, (column,), values, given
    known = {name: place for place, name in enumerate(truth.classes)}
    strangers = [text for text in texts if text and text not in known]
    if strangers:
        warnings.append(_strange(rows.name, truth, column, texts, strangers))
    labels = np.array([known.get(text, len(known)) for text in texts])
    return LABELS, (column,), labels, np.array([bool(text) for text in texts])


def _strange(name: str, truth: Truth, column: str, texts: Sequence[str], strangers: Sequence[str]) -> str:
    """The warning that some labels are no classes of the truth; an error where they look like a slip."""
    different = dict.fromkeys(strangers)
    if all(_is_number(one) for one in (*truth.classes, *different)) and any("." in one for one in different):
        raise DataError(
            f"{name}: expected one of the {len(truth.classes)} classes in column {column!r}; got numbers such as "
            f"{few(different, 1)}. If the truth is a number, say --task numbers. If these are probabilities of one of "
            "two classes, say of which with --positive."
        )
    alike = {_folded(one): one for one in truth.classes}
    slip = next((one for one in different if _folded(one) in alike), None)
    if slip is not None:
        raise DataError(
            f"{name}: expected a class of the truth in column {column!r}; got {shown(slip)!r}, and the truth has "
            f"{shown(alike[_folded(slip)])!r}. Classes are matched letter by letter: write them in the same way."
        )
    if len(strangers) == sum(map(bool, texts)):
        raise DataError(
            f"{name}: expected classes of the truth in column {column!r} ({few(truth.classes)}); got {few(different)}. "
            "Name the column of predicted labels with --prediction, or write the classes as in the truth."
        )
    return (
        f"{name}: {counted(len(strangers), 'prediction is', 'predictions are')} no class of the truth "
        f"({few(different)}): counted as wrong."
    )


def _of_one_class(rows: Rows, truth: Truth, column: str, texts: Sequence[str], positive: str | None) -> int | None:
    """The class, of two, whose probability a lone column holds; None where the column holds labels."""
    if len(truth.classes) != 2 or set(texts) <= {*truth.classes, ""} or not rows.is_numeric(column):
        return None
    numbers = rows.numbers(column, texts, PROBABILITY)
    if not ((numbers[~np.isnan(numbers)] >= 0).all() and (numbers[~np.isnan(numbers)] <= 1).all()):
        return None
    if positive is not None:
        return positive_place(truth, positive)
    if tuple(one.casefold() for one in truth.classes) in (("0", "1"), ("false", "true")):
        return 1
    first, second = map(shown, truth.classes)
    raise DataError(
        f"{rows.name}: expected labels, or the probability of a known class; column {column!r} holds numbers from 0 to "
        f"1. Say of which class with --positive {first} or --positive {second}, or name the column by the class."
    )


def positive_place(truth: Truth, positive: str) -> int:
    """The place of the class that is asked for by name.

    Raises:
        UserError: the truth has no class of that name.
    """
    name = as_label(positive)
    if name not in truth.classes:
        raise UserError(f"positive: expected one of the classes {few(truth.classes, 6)}; got {positive!r}.")
    return truth.classes.index(name)


def _probabilities(
    rows: Rows, truth: Truth, ids: np.ndarray, columns: dict[str, int], warnings: list[str]
) -> tuple[Float[np.ndarray, "rows classes"], Bool[np.ndarray, " rows"]]:
    """Probabilities [rows, classes + 1] of columns by name, each with the place of its class; which rows have them."""
    values = np.zeros((len(ids), len(truth.classes) + 1))
    empty = np.zeros((len(columns), len(ids)), dtype=bool)
    for index, (column, place) in enumerate(columns.items()):
        numbers = rows.numbers(column, ids, PROBABILITY)
        empty[index] = np.isnan(numbers)
        bad = np.flatnonzero((numbers < 0) | (numbers > 1 + EXACT))
        if len(bad):
            raise DataError(
                f"{rows.name}: expected probabilities from 0 to 1 in column {column!r}; got {numbers[bad[0]]:g} for "
                f"item {shown(ids[bad[0]])}{such(len(bad), 'cells')}. Turn scores into probabilities by softmax, "
                "and divide per cent by 100."
            )
        values[:, place] += np.where(empty[index], 0.0, numbers)
    given = np.asarray(~empty.all(axis=0))
    partly = np.flatnonzero(empty.any(axis=0) & given)
    if len(partly):
        raise DataError(
            f"{rows.name}: expected a probability for every class; {counted(len(partly), 'item has', 'items have')} "
            f"some only ({few(ids[partly])}). Fill the empty cells, or empty the others of these rows."
        )
    without = [name for place, name in enumerate(truth.classes) if place not in columns.values()]
    if len(truth.classes) == 2 and len(columns) == 1:
        place = next(iter(columns.values()))
        values[:, 1 - place] = 1 - values[:, place]
        without = []
    sums = values.sum(axis=1)
    off = np.flatnonzero(given & (np.abs(sums - 1) > ROUNDING))
    if len(off):
        lacks = f" There is no column for {few(without)}." if without else ""
        raise DataError(
            f"{rows.name}: expected probabilities that sum to one over {_columns(tuple(columns))}; those of item "
            f"{shown(ids[off[0]])} sum to {sums[off[0]]:.3g}{such(len(off), 'items')}.{lacks} Give one column for "
            "each class, named by it, and divide each row by its sum."
        )
    if without:
        warnings.append(f"{rows.name}: it has no column for {few(without)}, whose probability counts as zero.")
    if (np.abs(sums[given] - 1) > EXACT).any():
        values[given] /= sums[given, None]
    return values, given


def _other_labels(
    rows: Rows, truth: Truth, columns: dict[str, int], values: np.ndarray, given: np.ndarray
) -> list[str]:
    """That a column of labels disagrees with the probabilities, which are used."""
    column = find_column(rows, truth)
    if column is None or column in columns:
        return []
    labels = [text for text, there in zip(rows.texts(column), given, strict=True) if there]
    if not set(labels) <= set(truth.classes):
        return []
    best = [truth.classes[place] if place < len(truth.classes) else "" for place in values.argmax(axis=1)]
    count = sum(one != other for one, other in zip(labels, best, strict=True))
    if not count:
        return []
    return [
        f"{rows.name}: {counted(count, 'label of', 'labels of')} column {column!r} {'is' if count == 1 else 'are'} not "
        f"the most probable class. The probabilities are used; to use the labels, say --prediction {column}."
    ]


def _too_good(name: str, truth: Truth, values: np.ndarray, answered: np.ndarray, columns: Sequence[str]) -> list[str]:
    if columns[0] != truth.column or not (values == truth.targets)[answered].all():
        return []
    return [
        f"{name}: column {columns[0]!r} agrees with the truth on every item. If it is a copy of the truth, name the "
        "column of predictions with --prediction."
    ]


def _folded(text: str) -> str:
    """Without case, spaces and marks; a text of marks alone stays as it is."""
    return "".join(letter for letter in text.casefold() if letter.isalnum()) or text


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _columns(names: Sequence[str]) -> str:
    return f"column {names[0]!r}" if len(names) == 1 else f"columns {few(names, 6)}"
