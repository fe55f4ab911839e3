"""What all classical rungs share: checks of targets, columns for unseen classes, and the number of threads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Float32
from threadpoolctl import ThreadpoolController  # type: ignore[import-not-found,import-untyped,unused-ignore]

from epochal.core.errors import DataError, UserError
from epochal.core.task import Task

# Of internal steps. `fit` and `outputs` take any array and check it themselves, so that their errors are the same with
# and without a type checker.
Logits = Float32[np.ndarray, "batch classes"]


def check_targets(inputs: Any, targets: np.ndarray, task: Task) -> None:
    """Refuse targets that do not belong to the inputs or to the task.

    Raises:
        DataError: there are no inputs, or not one target for each, or one that is no place of a class, or no number.
    """
    count, item = len(inputs), task.item
    if count == 0:
        raise DataError(f"Expected at least one training {item}, got none. Give a training split that is not empty.")
    if targets.shape != (count,):
        raise DataError(f"Expected one target for each of {count} {item}s, got targets of shape {targets.shape}.")
    if task.labels and (targets.min() < 0 or targets.max() >= task.classes):
        raise DataError(
            f"Expected targets from 0 to {task.classes - 1} (the task has {task.classes} labels), "
            f"got {targets.min()} to {targets.max()}. Number the labels in the order of task.labels."
        )
    if not task.labels and not np.isfinite(targets).all():
        wrong = int((~np.isfinite(targets)).sum())
        raise DataError(
            f"Expected a finite number as the target of each {item}, got {wrong} of {count} that are none. "
            f"Leave out {item}s without a target."
        )


def not_fitted(rung: str) -> UserError:
    """The error of a rung that is asked before it has learned."""
    return UserError(f"{rung} has not been fitted: call fit(inputs, targets, seed=...) first, or restore a saved one.")


def free_cores() -> int:
    """All cores but one, and no more than OpenMP and BLAS are allowed threads."""
    return _free_cores(ThreadpoolController())


@cache
def _libraries() -> ThreadpoolController:
    """Those with threads of their own that were loaded when a rung first answered. Looking for them takes 7 ms, which
    is longer than most answers."""
    return ThreadpoolController()


@contextmanager
def one_core_free(*, answering: bool = False) -> Iterator[None]:
    """Let OpenMP and BLAS use all cores but one, and no more threads than they were allowed before.

    Their threads wait for each other thousands of times in a fit. Where two threads had to share one of two busy cores,
    trees were fifteen times slower than in a single thread, and small matrices a hundred times.
    """
    controller = _libraries() if answering else ThreadpoolController()
    with controller.limit(limits=_free_cores(controller)):
        yield


def _free_cores(controller: ThreadpoolController) -> int:
    allowed = [library["num_threads"] for library in controller.info()]
    return max(1, min([(os.cpu_count() or 2) - 1, *allowed]))


def all_columns(scores: Float[np.ndarray, "batch seen"], seen: np.ndarray, classes: int, examples: int) -> Logits:
    """Logits of every class of the task from the scores of the classes that were `seen` in training.

    Seen classes get their log-probability under the softmax of `scores`; each unseen one gets that of half a vote,
    -log(2 (examples + classes)), which is less than any winner's: a class without examples is never predicted.
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    known = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    logits = np.full((len(scores), classes), -np.log(2.0 * (examples + classes)), dtype=np.float32)
    logits[:, seen] = known
    return logits
