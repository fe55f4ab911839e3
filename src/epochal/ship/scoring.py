"""What an evaluation does whatever is predicted: answers for labelled items, metrics with intervals, words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epochal.core.errors import DataError
from epochal.core.metric import Metric
from epochal.core.protocols import Given, Labelled
from epochal.data.labels import Progress
from epochal.ship.bundle import Bundle
from epochal.ship.evaluation import Difference, Measured, Promise

NAMES_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The items of labelled data that are used, by their places, and why some are not."""

    labelled: Labelled
    split: str  # "train" | "validation" | "test" | "all"
    places: Sequence[int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The answers [answered, ...] for those items that could be read, their places, and all that is wrong, by name."""

    values: np.ndarray
    places: np.ndarray
    problems: Mapping[str, str]


def answered(bundle: Bundle, chosen: Chosen, usable: Sequence[int], answer: Any, progress: Progress | None) -> Answered:
    """The answers of a bundle for the items at these places.

    Args:
        answer: from encoded inputs to values [inputs, ...].

    Raises:
        DataError: fewer than two could be read.
    """
    labelled, total = chosen.labelled, len(usable)
    problems = dict(labelled.problems)
    values: list[np.ndarray] = []
    places: list[np.ndarray] = []
    done = 0
    part: Given
    for part in labelled.given(usable):
        own = np.asarray(usable[done : done + len(part.names)], np.int64)
        problems.update((part.names[place], reason) for place, reason in part.reasons.items())
        values.append(answer(part.encoded))
        places.append(own[part.read])
        done += len(part.names)
        if progress is not None:
            progress("predicting", done, total)
    count = sum(map(len, places))
    if count < 2:
        raise DataError(
            f"{labelled.name}: {count} of {len(chosen.places):,} {bundle.task.item}s could be used, and an interval "
            f"needs two or more. {first(problems)}"
        )
    return Answered(values=np.concatenate(values), places=np.concatenate(places), problems=problems)


def own_metric(bundle: Bundle) -> Metric:
    """The metric by which the bundle was chosen; that of its goal, where it was trained by itself."""
    said = bundle.evidence.get("climb", {}).get("metric")
    return Metric.from_dict(said) if said else bundle.kind.goal.metric


def weights_of(labelled: Labelled, places: np.ndarray) -> np.ndarray | None:
    """How much the items at these places count; None: all alike."""
    return None if labelled.weights is None else labelled.weights[places]


def promised_score(bundle: Bundle, metric: Metric, *, weighed: bool) -> Promise | None:
    """What the bundled model scored on its own test split by this metric; None where the bundle does not hold that, or
    counted its items in another way."""
    made: Mapping[str, Any] = next(
        (bundle.evidence[part] for part in ("refit", "climb") if part in bundle.evidence), {}
    )
    found = (made.get("shipped") or {}).get("score")
    if not found or made.get("metric", {}).get("name") != metric.name:
        return None
    if weighed != bool(getattr(bundle.codec, "weights", "")):
        return None
    count = int(bundle.task.counts.get("test", 0))
    return Promise(split="test", items=count, value=found["mean"], low=found["low"], high=found["high"])


def difference_of(promise: Promise, here: Measured) -> Difference:
    """The score here minus the promised one: the limits are as far from it as those of both scores together (MOVER;
    Zou & Donner 2008, Construction of confidence limits about effect measures)."""
    value = here.value - promise.value
    low = value - np.hypot(here.value - here.low, promise.high - promise.value)
    high = value + np.hypot(here.high - here.value, promise.value - promise.low)
    return Difference(value=value, low=float(low), high=float(high))


def unusable(problems: Mapping[str, str], item: str) -> list[str]:
    """The sentence that counts and names the items that could not be used."""
    if not problems:
        return []
    count = len(problems)
    return [f"{count:,} {item if count == 1 else f'{item}s'} could not be used. {first(problems)}"]


def same_name(bundle: Bundle, chosen: Chosen) -> list[str]:
    """A warning where the data may be those of the training."""
    labelled, item = chosen.labelled, bundle.task.item
    if bundle.task.name != labelled.name or chosen.split == "test" or labelled.loose:
        return []
    return [
        f"The bundle was made from data of the same name, {labelled.name}: where its training {item}s are among these, "
        "the scores say too much."
    ]


def some_names(names: Iterable[str]) -> str:
    """The first few names."""
    names = list(names)
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more


def first(problems: Mapping[str, str]) -> str:
    """The first few problems."""
    shown = "; ".join(f"{name} {what}" for name, what in list(problems.items())[:3])
    return f"{shown}{'; ...' if len(problems) > 3 else ''}." if shown else ""
