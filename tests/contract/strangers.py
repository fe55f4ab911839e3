"""What kinds that the source does not know have in common: inputs without a codec, answers without calibration."""

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from epochal.core.metric import Metric
from epochal.core.protocols import Calibration
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.core.traits import AT_ONCE, Traits
from epochal.data.dataset import Dataset, Examples
from epochal.kinds.rung import Ladder, Rung
from epochal.kinds.table import KINDS, TaskKind
from epochal.models.catalogue import MODELS


class Simple:
    """What inputs of arrays that need no codec have in common, as `core.protocols.Input`."""

    @dataclass(frozen=True, kw_only=True)
    class Options(Record):
        seed: int = 0

    @dataclass(frozen=True, kw_only=True)
    class Codec(Record):
        width: int

        def check(self, inputs: Any) -> None:
            assert inputs.dtype == np.float32 and inputs.shape[1:] == (self.width,)

        def tensors(self, device: str = "cpu") -> Any:
            return lambda inputs: inputs.to(device)

        def fits(self, task: Task) -> bool:
            return task.input_shape == (self.width,)

        def described(self) -> tuple[str, ...]:
            return ("Numbers, as they are.",)

    @dataclass(frozen=True, kw_only=True)
    class Report(Record):
        counts: dict[str, dict[str, int]]
        summary: tuple[str, ...] = ()

    options, codec, reads = Options, Codec, ()

    def claims(self, source: Any) -> tuple[bool, str]:
        return source is self.source, ""

    def opened(self, kind: str, item: str, parts: dict[str, tuple[np.ndarray, np.ndarray]], outputs: int) -> Dataset:
        counts = {split: len(inputs) for split, (inputs, _) in parts.items()}
        width = parts["train"][0].shape[1]
        examples = {
            split: Examples(inputs=inputs, targets=targets, items=tuple(f"{item} {k}" for k in range(len(inputs))))
            for split, (inputs, targets) in parts.items()
        }
        labels = tuple(str(k + 1) for k in range(outputs)) if outputs > 1 else ()
        task = Task(
            name=kind, kind=kind, item=item, input_shape=(width,), labels=labels, counts=counts, fingerprint=kind
        )  # fmt: skip
        digests = {split: np.zeros((count, 1), np.uint8) for split, count in counts.items()}
        return Dataset(
            task=task, train=examples["train"], validation=examples["validation"], codec=self.Codec(width=width),
            report=self.Report(counts={split: {"": count} for split, count in counts.items()}),
            _test=examples["test"], _digests=digests,
        )  # fmt: skip

    def unsuited(self, dataset: Dataset) -> tuple[tuple[str, ...], str]:
        return (), ""

    def parts(self, dataset: Dataset) -> dict[str, list[int]]:
        return {}

    def show(self, dataset: Dataset, encoded: np.ndarray) -> dict[str, Any]:
        return {"cells": {"numbers": str(encoded.tolist())}}


@dataclass(frozen=True)
class Answer:
    """What a model of these kinds answers: its outputs."""

    outputs: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        return {"outputs": self.outputs}


class Asks:
    """What goals without calibration have in common, as `core.protocols.Goal`."""

    calibration = Calibration(name="nothing", method="none", words="none", brief="none", together="none")
    prediction, tail = Answer, 0.0

    @property
    def share(self) -> Metric:
        return self.metric

    watched = share

    def named(self, name: str | None, cost: str | None) -> tuple[Metric, str]:
        return self.metric, ""

    def under(self, metric: Metric) -> Any:
        return replace(self, metric=metric)

    def settled(self, metric: Metric, *facts: Any) -> Any:
        return self.under(metric)

    def caveats(self, *facts: Any) -> tuple[str, ...]:
        return ()

    def learned(self, targets: np.ndarray, task: Task) -> np.ndarray:
        return targets

    def answer(self, outputs: np.ndarray, task: Task) -> Answer:
        return Answer(outputs)

    def restore(self, arrays: Any) -> Answer:
        return Answer(arrays["outputs"])

    def loss(self, outputs: np.ndarray, learned: np.ndarray) -> float:
        return self.look(Answer(outputs), learned)["loss"]

    def calibrate(self, answer: Answer, targets: np.ndarray) -> float:
        return 1.0

    def doubt(self, targets: np.ndarray) -> float:
        return 1.0 if self.metric.binary else 0.0

    def shown(self, *facts: Any) -> dict[str, Any]:
        return {}

    def confusion(self, *facts: Any) -> tuple[tuple[int, ...], ...]:
        return ()

    def worst(self, *facts: Any) -> list[Any]:
        return []


class AtOnce:
    """A model that learns the mean and deviation of its inputs at once, the same with every seed. `outputs` is left."""

    converged = True

    def __init__(self, config: Any, task: Task):
        self.moments = np.zeros(2)

    def fit(self, inputs: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        self.moments = np.array([inputs.mean(), inputs.std()])

    def parameters_count(self) -> int:
        return 2

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"moments": self.moments}

    def restore(self, config: Any, task: Task, estimators: Any, arrays: dict[str, np.ndarray]) -> "AtOnce":
        rung = type(self)(config, task)
        rung.moments = arrays["moments"]
        return rung


@dataclass(frozen=True, kw_only=True)
class NoConfig(Record):
    pass


def add_kind(
    monkeypatch: Any, name: str, goal: Any, source: Any, classical: type, network: type, **recipe: Any
) -> None:
    """A row of the table of kinds whose ladder has a classical rung and a network, which a recipe trains."""
    at_once = Traits(learns=AT_ONCE, deep=False, deterministic=True)
    rungs = {}
    for build, traits, fields in ((classical, at_once, {"objective": "estimate"}), (network, Traits(), recipe)):
        title = build.__name__
        monkeypatch.setitem(MODELS, title.lower(), SimpleNamespace(config_class=NoConfig, build=build, traits=traits))
        made = Recipe(model=title.lower(), optimiser="adam", schedule="cosine", **fields)
        rungs[made.model] = Rung(
            name=made.model, title=title, year=2014, paper="None", adds="Something.", recipe=made
        )  # fmt: skip
    monkeypatch.setitem(KINDS, name, TaskKind(name=name, input=source, goal=goal, ladder=Ladder(rungs=rungs)))
