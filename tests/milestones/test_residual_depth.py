"""Depth hurts a plain network, on the very images that it learns, and normalisation is what lets shortcuts work."""

from pathlib import Path

from epochal.core.run import DIVERGED
from epochal.milestones.residual_depth import SMALL, recipe
from epochal.study.changes import change
from epochal.study.lab import Lab, shares
from epochal.train.store import open_store


def test_arms_differ_by_their_shortcuts_alone() -> None:
    assert recipe(SMALL, 56).differs(change("residual").apply(recipe(SMALL, 56))) == ("options.shortcuts",)


def test_a_plain_network_of_56_layers_learns_less_than_one_of_20(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0, 1))
        digits = lab.data("digits", train=500).on_training()
        arms = lab.train(digits, {"20": recipe(SMALL, 20), "56": recipe(SMALL, 56)}, examples=4 * 500, points=1)
        shallow, deep = (shares(arm, digits) for arm in arms.values())
        assert shallow.min() > deep.max() + 0.15
        bare = change("residual").apply(recipe(SMALL, 32, normalisation="none"))
        lost = lab.train(digits, {"no batch norm": bare}, examples=500, points=1)["no batch norm"]
        assert all(run.status == DIVERGED for run in lost.runs)
        assert "count as having learned nothing" in lab.notes[0]
        assert shares(lost, digits).max() < 0.2
