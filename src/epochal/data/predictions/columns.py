"""Which columns of a file of predictions hold them: the names that tools give them."""

import re

import numpy as np

from epochal.core.errors import DataError
from epochal.data.labels import as_label
from epochal.data.predictions.rows import WHOLE, Rows
from epochal.data.predictions.truth import Truth

PROBABILITY = "a probability from 0 to 1"

# Names that a column may have, the likeliest first.
LABEL_NAMES = ("prediction", "predicted", "predicted_label", "predicted_class", "pred", "preds", "pred_label", "y_pred",
               "yhat", "y_hat", "predictions", "answer", "output", "forecast")  # fmt: skip
PROBABILITY_OF = re.compile(r"(?:p|prob|proba|probability)(?:\((?P<inside>.*)\)|[_ ](?P<after>.+))", re.I | re.S)


def class_columns(rows: Rows, truth: Truth) -> dict[str, int]:
    """Columns of probabilities, each with the place of its class; of a class that the truth lacks, the place after all.

    They are named by the class ("cat"), or as probability of it ("p(cat)", "p_cat", "prob_cat"). Empty where there are
    none. One column alone is enough of two classes.
    """
    known = {name: place for place, name in enumerate(truth.classes)}
    found: dict[str, int] = {}
    strangers: dict[str, int] = {}
    for column in rows.columns:
        if column == truth.id:
            continue
        match = PROBABILITY_OF.fullmatch(column)
        named = as_label((match["inside"] or match["after"] or "") if match else "")
        for name in (column, named):
            name = WHOLE.sub(r"\1", name) if WHOLE.fullmatch(name) and name not in known else name
            if name in known:
                found[column] = known[name]
                break
        else:
            if match and match["inside"]:
                strangers[column] = len(known)
    for place in set(found.values()):
        twice = [column for column, other in found.items() if other == place]
        if len(twice) > 1:
            raise DataError(
                f"{rows.name}: expected one column of probabilities for class {truth.classes[place]!r}; got "
                f"{' and '.join(map(repr, twice))}. Take one of them out."
            )
    for column in found:
        rows.require(column, "--prediction")
    if not found or (len(found) == 1 and len(known) > 2 and not strangers):
        return {}
    if not strangers:
        strangers = dict.fromkeys(_rest(rows, truth, found), len(known))
    return found | strangers


def _rest(rows: Rows, truth: Truth, found: dict[str, int]) -> list[str]:
    """Columns that are named by classes without doubt, because only with them all rows sum to one."""
    if len(found) == 1:
        return []
    ids = rows.texts(truth.id)
    others = [
        column
        for column in rows.columns
        if column and column not in found and column != truth.id and rows.columns.count(column) == 1
        if rows.is_numeric(column)
    ]
    sums = sum((np.nan_to_num(rows.numbers(column, ids, PROBABILITY)) for column in found), np.zeros(len(ids)))
    more = sum((np.nan_to_num(rows.numbers(column, ids, PROBABILITY)) for column in others), np.zeros(len(ids)))
    close = np.isclose(sums + more, 1, atol=1e-3) | (sums == 0)
    return others if others and close.all() and not np.isclose(sums, 1, atol=1e-3).all() else []


def label_column(rows: Rows, truth: Truth, asked: str | None) -> str:
    """The column of labels.

    Raises:
        DataError: several may hold them, or none.
    """
    return _column(rows, truth, asked, "predicted labels, or columns of probabilities named by the classes")


def number_column(rows: Rows, truth: Truth, asked: str | None) -> str:
    """The column of numbers; errors as `label_column`."""
    return _column(rows, truth, asked, "predicted numbers")


def find_column(rows: Rows, truth: Truth) -> str | None:
    """The column of labels or numbers: named like a prediction, or as in the truth, or the only one that is left."""
    left = [column for column in rows.columns if column and column != truth.id]
    folded = {column.casefold(): column for column in reversed(left)}
    named = [folded[name] for name in LABEL_NAMES if name in folded]
    own = [column for column in left if column not in truth.columns]
    if named:
        return named[0]
    if truth.column in left:
        return truth.column
    return own[0] if len(own) == 1 else left[0] if len(left) == 1 else None


def _column(rows: Rows, truth: Truth, asked: str | None, what: str) -> str:
    chosen = asked or find_column(rows, truth)
    if chosen is None:
        raise DataError(
            f"{rows.name}: expected {what}; none of its columns is named so. Its columns are: {rows.listed()}. Name "
            "the column with --prediction COLUMN."
        )
    rows.require(chosen, "--prediction")
    return chosen
