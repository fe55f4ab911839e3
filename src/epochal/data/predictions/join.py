"""The predictions of all tools on the same items, joined to the truth by id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from epochal.core.errors import DataError, UserError
from epochal.data.labels import shown
from epochal.data.predictions.answers import Answers, read_answers
from epochal.data.predictions.columns import class_columns, find_column
from epochal.data.predictions.rows import WHOLE, Rows, few, read_rows
from epochal.data.predictions.truth import CLASSES, NUMBERS, Truth, choose_id, read_truth
from epochal.data.report import Decision

REFUSE, LEAVE_OUT, WRONG = "refuse", "leave-out", "wrong"
MISSING = (REFUSE, LEAVE_OUT, WRONG)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tool:
    """The predictions of one tool: of each seed what `Answers` hold.

    `classes` counts those of the truth, and one more for every other class where any tool answers one; 0 for numbers.
    """

    name: str
    files: tuple[str, ...]
    form: str  # "labels" | "probabilities" | "numbers": labels where any of its files holds labels
    columns: tuple[str, ...]  # of the first file
    classes: int
    runs: tuple[Shaped[np.ndarray, "items ..."], ...]

    def predictions(self, seed: int) -> Float[np.ndarray, "items ..."]:
        """Numbers [items], or probabilities [items, classes], which are one for a label that is answered."""
        run = self.runs[seed]
        if not self.classes or run.ndim == 2:
            return run
        chances = np.zeros((len(run), self.classes))
        chances[np.arange(len(run)), run] = 1
        return chances


@dataclass(frozen=True, kw_only=True, eq=False)
class Joined:
    """The truth of the items that are compared, and the predictions of each tool on them, in the same order."""

    truth: Truth
    tools: tuple[Tool, ...]
    decisions: tuple[Decision, ...]
    warnings: tuple[str, ...]


def join(
    truth: Any,
    tools: Mapping[str, Sequence[Any]],
    *,
    id: str | None = None,
    label: str | None = None,
    prediction: str | None = None,
    task: str | None = None,
    positive: str | None = None,
    missing: str = REFUSE,
) -> Joined:
    """Read the truth and the predictions of tools, and join them by id.

    Args:
        truth: a file or a data frame with a column of ids and one of labels or numbers.
        tools: by name, the files or data frames of a tool, one for each seed.
        id, label, prediction: columns; None: told from their names.
        task: "classes" or "numbers"; None: told from the truth.
        positive: of two classes, the one that a lone column of probabilities is of.
        missing: what becomes of items without a prediction: "refuse" them, "leave-out" these items for all tools, or
            count them as "wrong" (classes only).

    Raises:
        DataError: a file cannot be used; the message says what was expected, what came, and what to do.
        UserError: an option makes no sense.
    """
    if missing not in MISSING:
        raise UserError(f"missing: expected one of {', '.join(MISSING)}; got {missing!r}.")
    if not tools:
        raise UserError("Expected the predictions of one tool or more; got none. Name a file of predictions.")
    if empty := [name for name, sources in tools.items() if not sources]:
        raise UserError(f"Expected one file of predictions or more of each tool; got none of {few(empty)}.")
    true = read_rows(truth, "truth")
    rows = {name: [read_rows(source, name) for source in sources] for name, sources in tools.items()}
    column, decision = choose_id(true, [one for seeds in rows.values() for one in seeds], id, label)
    known = read_truth(true, id=column, label=label, task=task)
    if task is None and (fractions := _fractions(known, rows)):
        known = read_truth(true, id=column, label=label, task=NUMBERS)
        known = replace(
            known,
            decisions=(
                *known.decisions,
                Decision(what="task", chosen=NUMBERS, why=fractions, override=f"--task {CLASSES}"),
            ),
        )
    if missing == WRONG and known.task != CLASSES:
        raise UserError("missing: expected refuse or leave-out for numbers, which are not right or wrong; got 'wrong'.")
    answers = {
        name: [read_answers(one, known, prediction=prediction, positive=positive) for one in seeds]
        for name, seeds in rows.items()
    }
    files = {name: [one.name for one in seeds] for name, seeds in rows.items()}
    warnings = [*known.warnings, *(line for seeds in answers.values() for one in seeds for line in one.warnings)]
    known, answers = _without_missing(known, answers, files, missing, warnings)
    return Joined(
        truth=known,
        tools=_tools(known, answers, files),
        decisions=(*([decision] if decision else []), *known.decisions),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _fractions(truth: Truth, rows: Mapping[str, Sequence[Rows]]) -> str:
    """Why a truth of whole numbers, which look like classes, is of numbers: a tool predicts fractions. Else empty.

    Of two classes, fractions are probabilities.
    """
    if truth.task != CLASSES or len(truth.classes) < 3 or not all(WHOLE.fullmatch(name) for name in truth.classes):
        return ""
    for one in (each for seeds in rows.values() for each in seeds):
        column = None if class_columns(one, truth) else find_column(one, truth)
        if column is None or not one.is_numeric(column):
            continue
        numbers = one.numbers(column, [""] * len(one.table), "a number")
        parts = numbers[np.isfinite(numbers) & (numbers % 1 != 0)]
        if len(parts):
            return (
                f"column {truth.column!r} holds whole numbers, and {one.name} predicts fractions such as {parts[0]:.6g}"
            )
    return ""


def _without_missing(
    truth: Truth, answers: dict[str, list[Answers]], files: dict[str, list[str]], missing: str, warnings: list[str]
) -> tuple[Truth, dict[str, list[Answers]]]:
    """The items that are compared, and the answers to them."""
    gaps = []
    for name, seeds in answers.items():
        for file, one in zip(files[name], seeds, strict=True):
            lacking = [truth.ids[place] for place in np.flatnonzero(~one.answered)]
            if lacking:
                gaps.append(
                    f"{file} has no prediction for {len(lacking):,} of {len(truth.ids):,} items ({few(lacking)})"
                )
    if not gaps:
        return truth, answers
    if missing == REFUSE:
        wrong = ", or --missing wrong to count them as wrong" if truth.task == CLASSES else ""
        raise DataError(
            f"Expected a prediction for every item of {truth.name}; {'; '.join(gaps)}. Add them, or say --missing "
            f"leave-out to compare all tools on the items that all of them predicted{wrong}."
            + (f" Also: {' '.join(warnings)}" if warnings else "")
        )
    if missing == WRONG:
        warnings += [f"{gap}; they count as wrong." for gap in gaps]
        return truth, answers
    kept = np.flatnonzero(np.all([one.answered for seeds in answers.values() for one in seeds], axis=0))
    if len(kept) < 2:
        raise DataError(
            f"Expected two items or more that every tool predicted; found {len(kept)}. {'. '.join(gaps)}. Leave out "
            "the tool that lacks most."
        )
    warnings += [f"{gap}." for gap in gaps]
    warnings.append(
        f"All tools are compared on the {len(kept):,} items that every one of them predicted. This flatters a tool "
        "that leaves out hard items."
    )
    if truth.task == CLASSES and len(np.unique(truth.targets[kept])) < 2:
        raise DataError(
            f"Expected items of two classes or more that every tool predicted; all {len(kept):,} are of one class. "
            f"{'. '.join(gaps)}. Leave out the tool that lacks most."
        )
    return replace(truth, ids=tuple(truth.ids[place] for place in kept), targets=truth.targets[kept]), {
        name: [replace(one, values=one.values[kept], answered=one.answered[kept]) for one in seeds]
        for name, seeds in answers.items()
    }


def _tools(truth: Truth, answers: dict[str, list[Answers]], files: dict[str, list[str]]) -> tuple[Tool, ...]:
    every = [one for seeds in answers.values() for one in seeds]
    count = len(truth.classes)
    others = any((one.values[:, -1] if one.values.ndim == 2 else one.values == count).any() for one in every)
    classes = count + others if truth.task == CLASSES else 0
    return tuple(
        Tool(
            name=shown(name),
            files=tuple(files[name]),
            form=min((one.form for one in seeds), key=("labels", "probabilities", "numbers").index),
            columns=seeds[0].columns,
            classes=classes,
            runs=tuple(one.values[:, :classes] if one.values.ndim == 2 else one.values for one in seeds),
        )
        for name, seeds in answers.items()
    )
