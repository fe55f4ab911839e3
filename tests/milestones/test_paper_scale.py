"""Milestones as large as in their papers: what each asks for, and that it runs, on few small images."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.data.image.options import ReadOptions
from epochal.milestones import MILESTONES
from epochal.milestones.listing import listing
from epochal.report.milestone import to_text, write_page
from epochal.study.lab import IMAGENET, Lab, Scale
from epochal.study.milestone import Milestone, PaperScale, run_milestone
from epochal.study.results import read_result, read_results
from epochal.train.store import open_store

WHOLE = {name: one for name, one in MILESTONES.items() if one.paper_scale}


def asked_of(milestone: Milestone, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Scale:
    """The scale at which the milestone opens its images."""

    class Opened(Exception):
        pass

    def opened(self: Lab, scale: Scale) -> None:
        raise Opened(scale)

    monkeypatch.setattr(Lab, "open", opened)
    with open_store(folder) as store, pytest.raises(Opened) as raised:
        milestone.measure(Lab(store=store, seeds=(0,)))
    (scale,) = raised.value.args
    assert isinstance(scale, Scale)
    return scale


@pytest.mark.parametrize("name", WHOLE)
def test_the_paper_has_more_of_everything(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = MILESTONES[name]
    paper = own.as_in_paper()
    small, large = (asked_of(one, tmp_path, monkeypatch) for one in (own, paper))
    assert (small.data, large.data) == (own.data, paper.data)
    assert (large.items or np.inf) >= (small.items or np.inf)
    assert large.passes > small.passes or name == "augmentation"  # whose few images are learned by heart
    assert (large.side or 32) >= (small.side or 0)
    assert paper.setting != own.setting and paper.differs != own.differs
    assert paper.code == own.code == f"epochal.milestones.{own.measure.__module__.rsplit('.', 1)[1]}"
    assert paper.at_paper_scale and paper.paper_scale is None
    kept = {each.name for each in fields(Milestone)} - {each.name for each in fields(PaperScale)}
    kept -= {"paper_scale", "at_paper_scale"}
    assert all(getattr(paper, each) == getattr(own, each) for each in kept)


def test_six_have_published_sets_and_five_imagenet() -> None:
    data = {name: one.as_in_paper().data for name, one in WHOLE.items()}
    assert {name for name, where in data.items() if where == IMAGENET} == {
        "augmentation", "local-response", "overlapping-pooling", "depth", "inception",
    }  # fmt: skip
    assert sorted(where for where in data.values() if where != IMAGENET) == ["cifar10"] * 2 + ["mnist"] * 4


def photographs(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), np.arange(count) % 2


@pytest.mark.parametrize("name", ["residual-depth", "local-response", "dropout"])
def test_it_runs_on_images_that_are_given(name: str, tmp_path: Path) -> None:
    milestone = MILESTONES[name].as_in_paper()
    options = ReadOptions(size=16)
    result = run_milestone(milestone, source=photographs(), options=options, scale=1e-6, seeds=2, out=tmp_path)
    assert result.paper_scale and not result.published_data
    assert to_text(milestone, result).count(milestone.setting[:40]) == 1
    page = write_page(milestone, result, tmp_path).read_text()
    assert f"epochal milestone run {name} --paper" in page
    assert MILESTONES[name].as_run(result) == milestone
    assert MILESTONES[name].as_run(replace(result, paper_scale=False)) == MILESTONES[name]
    assert "--data --paper" in listing([MILESTONES[name]], {name: result})


def test_a_small_run_leaves_one_at_the_papers_scale_alone(tmp_path: Path) -> None:
    own = MILESTONES["dropout"]
    given: dict[str, Any] = {"source": photographs(), "options": ReadOptions(size=8), "scale": 1e-6, "seeds": 2}
    whole = run_milestone(own.as_in_paper(), out=tmp_path, **given)
    assert read_results(tmp_path) == {"dropout": whole}
    small = run_milestone(own, out=tmp_path, **given)
    assert (whole.paper_scale, small.paper_scale) == (True, False)
    assert read_result(tmp_path / "dropout-paper") == whole
    assert read_results(tmp_path)["dropout"].started == max(whole.started, small.started)


def test_no_length_is_beyond_the_papers(tmp_path: Path) -> None:
    """However large the budget; the length here is that of the small version, which a test can have."""
    short = replace(MILESTONES["dropout"].as_in_paper(), measure=lambda lab: MILESTONES["dropout"].measure(lab))
    result = run_milestone(short, source=photographs(), options=ReadOptions(size=8), budget="1h", seeds=2, out=tmp_path)
    assert result.scale == 1.0


def test_a_scale_says_how_much_is_kept_for_validation(tmp_path: Path) -> None:
    scale, options = Scale(data="digits", passes=1, validation=0.1), ReadOptions(validation_fraction=0.3)
    with open_store(tmp_path) as store:
        tenth = Lab(store=store, seeds=(0,)).open(scale)
        asked = Lab(store=store, seeds=(0,), options=options).open(scale)
    assert len(tenth.validation) / (len(tenth.train) + len(tenth.validation)) == pytest.approx(0.125, abs=0.005)
    assert len(asked.validation) > 2.5 * len(tenth.validation), "what the user says goes first"


def test_imagenet_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Give its folder with --data"):
        run_milestone(MILESTONES["depth"].as_in_paper(), out=tmp_path)
    assert not any(tmp_path.iterdir()), "and nothing was begun"


def test_what_has_no_such_scale_says_so() -> None:
    with pytest.raises(UserError, match=r"backprop cannot be run as large as in its paper.*list.*--paper"):
        MILESTONES["backprop"].as_in_paper()


def test_without_a_budget_it_says_how_long_it_takes(tmp_path: Path) -> None:
    small = replace(
        MILESTONES["dropout"].as_in_paper(), measure=lambda lab: MILESTONES["dropout"].measure(lab)
    )  # a length that a test can have
    told: list[str] = []
    source = photographs()
    result = run_milestone(
        small, source=source, options=ReadOptions(size=8), seeds=2, out=tmp_path, progress=told.append
    )
    assert result.scale == 1.0
    assert any(line.startswith("As long as in the paper, this run takes about ") for line in told)


def test_a_scale_has_its_own_options() -> None:
    narrow = Scale(data="digits", passes=1, recipe={"batch_size": 8}, options={"width": 1 / 8})
    given = Recipe(model="vgg", options={"depth": 11, "width": 1.0})
    assert narrow.fit(given) == given.replace(batch_size=8, options={"depth": 11, "width": 1 / 8})


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("augmentation", 1 / 8),
        ("local-response", 1 / 8),
        ("overlapping-pooling", 1 / 8),
        ("depth", 1 / 16),
        ("inception", 1 / 16),
    ],
)
def test_networks_have_the_papers_widths_in_its_own_experiment_alone(
    name: str, width: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asked(Exception):
        pass

    def train(self: Lab, dataset: object, recipes: dict[str, Recipe], **rest: object) -> None:
        raise Asked({recipe.options.get("width", 1.0) for recipe in recipes.values()})

    monkeypatch.setattr(Lab, "train", train)
    monkeypatch.setattr(Lab, "open", lambda self, scale: self.data("digits"))
    found = []
    for one in (MILESTONES[name], MILESTONES[name].as_in_paper()):
        with open_store(tmp_path) as store, pytest.raises(Asked) as raised:
            one.measure(Lab(store=store, seeds=(0,)))
        found.append(raised.value.args[0])
    assert found == [{width}, {1.0}]
