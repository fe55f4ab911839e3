"""A kind of data that the source has never heard of: notes, which are strings of bytes of any length, and a number to
predict, with an error that is better where it is lower. It climbs, is reported, resumed, bundled and asked, and stands
in a milestone and in `why`, and no line outside this file knows of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import epochal
from epochal.core.protocols import Given
from epochal.core.ragged import Ragged
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.data.dataset import Dataset, Examples, counts_of, fingerprint
from epochal.data.feed import ArrayFeed
from epochal.judge.goals.number_goal import OneNumber
from epochal.kinds.rung import Ladder
from epochal.kinds.table import KINDS, TaskKind
from epochal.kinds.table_ladder import TABLE_NUMBER_LADDER
from epochal.study.lab import Lab, ask_score
from epochal.study.milestone import Measured, Milestone, run_milestone

SPLITS = {"train": 0.6, "validation": 0.2, "test": 0.2}


@dataclass(frozen=True)
class Notes:
    """Notes [n] of bytes, and the number of each."""

    notes: list[bytes]
    numbers: np.ndarray


@dataclass(frozen=True, kw_only=True)
class NoteOptions(Record):
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class NoteCodec(Record):
    """At rest the bytes as they are; models see how often each of `letters` stands in a note."""

    letters: str

    def check(self, inputs: Any) -> None:
        if not isinstance(inputs, Ragged) or inputs.dtype != np.uint8:
            raise ValueError(f"Expected notes as a ragged column of bytes; got {type(inputs).__name__}.")

    def tensors(self, device: str = "cpu") -> Any:
        wanted = np.frombuffer(self.letters.encode(), np.uint8)
        counted = lambda notes: [[(note == letter).sum() for letter in wanted] for note in notes]  # noqa: E731
        return lambda notes: torch.tensor(counted(notes), dtype=torch.float32, device=device)

    def fits(self, task: Task) -> bool:
        return task.input_shape == (len(self.letters),)

    def described(self) -> tuple[str, ...]:
        return (f"Notes: how often {self.letters} stand in each.",)


@dataclass(frozen=True, kw_only=True)
class NoteReport(Record):
    counts: dict[str, dict[str, int]]

    @property
    def summary(self) -> tuple[str, ...]:
        return ()

    def to_text(self) -> str:
        return "notes"


class NoteInput:
    name, noun, options, codec, reads = "note", "notes", NoteOptions, NoteCodec, ()

    def claims(self, source: Any) -> tuple[bool, str]:
        return isinstance(source, Notes), ""

    def open(self, source: Notes, options: Any, progress: Any) -> Dataset:
        column = Ragged.of([np.frombuffer(note, np.uint8) for note in source.notes])
        order = np.random.default_rng((options or NoteOptions()).seed).permutation(len(column))
        ends = np.cumsum([round(share * len(order)) for share in SPLITS.values()])[:-1]
        places = dict(zip(SPLITS, np.split(order, ends), strict=True))
        targets = {split: source.numbers[chosen] for split, chosen in places.items()}
        digests = {split: chosen[:, None].view(np.uint8) for split, chosen in places.items()}
        parts = {
            split: Examples(inputs=column[chosen], targets=targets[split], items=tuple(f"note {k}" for k in chosen))
            for split, chosen in places.items()
        }
        task = Task(
            name="notes", kind="note-number", item="note", input_shape=(3,), target="joy",
            centre=float(targets["train"].mean()), spread=float(targets["train"].std()),
            counts={split: len(part) for split, part in parts.items()}, fingerprint=fingerprint(digests, targets, ()),
        )  # fmt: skip
        report = NoteReport(counts={split: counts_of(each, ()) for split, each in targets.items()})
        return Dataset(
            task=task, train=parts["train"], validation=parts["validation"], codec=NoteCodec(letters="abc"),
            report=report, _test=parts["test"], _digests=digests,
        )  # fmt: skip

    def feed(self, dataset: Dataset, targets: np.ndarray, recipe: Any, device: str) -> ArrayFeed:
        seen = dataset.codec.tensors()(dataset.train.inputs).numpy()
        return ArrayFeed(seen, targets, batch_size=min(recipe.batch_size, len(seen)), tensors=lambda where: lambda x: x)

    def unsuited(self, dataset: Dataset) -> tuple[tuple[str, ...], str]:
        return (), ""

    def parts(self, dataset: Dataset) -> dict[str, list[int]]:
        return {}

    def show(self, dataset: Dataset, encoded: np.ndarray) -> dict[str, Any]:
        return {"cells": {"note": bytes(encoded).decode()}}

    def given(self, codec: NoteCodec, inputs: list[bytes], options: Any, task: Task) -> Iterator[Given]:
        column = Ragged.of([np.frombuffer(note, np.uint8) for note in inputs])
        yield Given(names=tuple(f"note {k}" for k in range(len(inputs))), encoded=column)


RUNGS = {name: TABLE_NUMBER_LADDER.rungs[name] for name in ("mean", "linear", "mlp")}


@pytest.fixture
def notes(monkeypatch):
    monkeypatch.setitem(
        KINDS,
        "note-number",
        TaskKind(name="note-number", input=NoteInput(), goal=OneNumber(), ladder=Ladder(rungs=RUNGS)),
    )
    draw = np.random.default_rng(0)
    texts = [bytes(draw.choice(list(b"abc"), size=draw.integers(1, 30)).astype(np.uint8)) for _ in range(600)]
    return Notes(
        texts, np.array([2.0 * text.count(b"a") - text.count(b"b") for text in texts]) + draw.normal(0, 0.3, 600)
    )


def count(lab: Lab) -> Measured:
    """A milestone: a network against a line, on whatever data it is given."""
    dataset = lab.data("digits")
    recipes = {name: RUNGS[name].recipe for name in ("linear", "mlp")}
    arms = lab.train(dataset, recipes, examples=20 * len(dataset.train))
    sides = ("linear", arms["linear"]), ("mlp", arms["mlp"])
    return Measured(questions=(ask_score("Does a hidden layer help?", *sides, dataset, size=0.05, margin=0.01),))


COUNTING = Milestone(
    name="counting", year=1958, title="Counting", claim="A hidden layer helps to count.", paper="None.",
    published="None.", minutes=0.1, data="digits", setting="Notes", differs="All.", measure=count, seeds=2,
)  # fmt: skip


def test_it_climbs_and_ships(notes, tmp_path):
    climbed = epochal.climb(notes, budget="12s", seeds=2, metric="mae", out=tmp_path / "run")
    result = climbed.result
    assert result.complete and result.metric.better == "lower"
    assert [rung.message for rung in result.rungs] == [""] * len(RUNGS)
    scores = {rung.name: rung.last.validation.mean for rung in result.rungs if rung.last}
    assert scores["linear"] < 0.5 < scores["mean"] and result.chosen == "linear"
    page = climbed.report.read_text()
    assert "mean absolute error" in page and "note" in page and "image" not in page.split("<body", 1)[1]
    again = epochal.climb(notes, budget="12s", seeds=2, metric="mae", out=tmp_path / "run", resume=True)
    assert again.result.rungs == result.rungs
    answers = climbed.bundle.predict([b"aaaa", b"bbbb"]).to_frame()
    assert answers["number"].tolist() == pytest.approx([8.0, -4.0], abs=0.6)
    assert (answers["low"] < answers["number"]).all() and (answers["number"] < answers["high"]).all()
    assert climbed.refit(source=notes).bundle.predict([b"aaaa"]).to_frame()["number"][0] == pytest.approx(8.0, abs=0.6)


def test_a_milestone_runs_on_it(notes, tmp_path):
    result = run_milestone(COUNTING, source=notes, scale=1.0, out=tmp_path)
    (check,) = result.checks
    assert check.unit == "validation R2" and check.control_mean > 0.9


def test_why_runs_on_it(notes, tmp_path):
    result = epochal.why(notes, rung="mlp", ingredients=["momentum"], seeds=2, budget="10s", out=tmp_path / "why")
    assert result.data == "notes" and result.ingredients[0].name == "momentum"
