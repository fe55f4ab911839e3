"""The combination: planted synergy confirms the claim, planted redundancy refutes it, and two ingredients do work."""

import numpy as np
import pytest
import torch

from epochal.core.claim import CONFIRMED, INCONCLUSIVE, REFUTED
from epochal.judge.claims import judge, overall
from epochal.kinds.image_ladder import IMAGE_LADDER
from epochal.milestones import combination
from epochal.milestones.combination import MILESTONE, measure
from epochal.study.lab import Lab
from epochal.study.why import factors_of
from epochal.train.store import open_store

SEEDS = tuple(range(5))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Trained(str):
    """The label of a training, in place of its arm."""

    under_trained = False


class Learning(Trained):
    """The same of one that was still learning when it stopped."""

    under_trained = True


class Planted(Lab):
    """A laboratory whose trainings are replaced by a score for each set of ingredients."""

    arm = Trained

    def train(self, dataset, recipes, **settings):
        return {label: self.arm(label) for label in recipes}


def planted(score, monkeypatch, tmp_path, arm=Trained):
    """What the milestone measures where `score(names of the ingredients that are on)` is the truth."""
    every = [factor.name for factor in factors_of(IMAGE_LADDER, "resnet")]
    random = np.random.default_rng(0)

    def accuracies(label, dataset):
        present = {"none": [], "all": every}.get(label, label.split("+"))
        return score(present) + 0.005 * random.standard_normal(len(SEEDS))

    monkeypatch.setattr(combination, "shares", accuracies)
    with open_store(tmp_path) as store:
        lab = Planted(store=store, seeds=SEEDS)
        lab.arm = arm
        return measure(lab)


@pytest.mark.parametrize(
    "score, verdict",
    [
        (lambda present: 0.1 + 0.85 * (len(present) / 6) ** 2, CONFIRMED),
        (lambda present: 0.9 if {"activation", "normalisation"} & set(present) else 0.1, REFUTED),
        (lambda present: 0.1 + 0.12 * len(present), REFUTED),  # a sum of its parts
    ],
)
def test_planted_truths(score, verdict, monkeypatch, tmp_path):
    measured = planted(score, monkeypatch, tmp_path)
    assert overall(judge(measured.questions)) == verdict
    bars, grid = measured.pictures
    assert [len(series.y) for series in bars.series] == [6, 6, 6]
    assert [len(row.y) for row in grid.series] == [6] * 6
    assert all(0 <= shade <= 1 for row in grid.series for shade in row.y)
    shapley = bars.series[0]
    assert all(low <= y <= high for low, y, high in zip(shapley.low, shapley.y, shapley.high, strict=True))


def test_a_combination_that_was_still_learning_refutes_nothing(monkeypatch, tmp_path):
    measured = planted(lambda present: 0.1 + 0.12 * len(present), monkeypatch, tmp_path, Learning)
    checks = judge(measured.questions)
    assert overall(checks) == INCONCLUSIVE
    assert {check.under_trained for check in checks} == {"", "all together"}


def test_two_ingredients_together_make_a_network_learn(monkeypatch, tmp_path):
    two = ("activation", "normalisation")
    monkeypatch.setattr(combination, "factors_of", lambda ladder, rung: factors_of(ladder, rung, two))
    with open_store(tmp_path) as store:
        measured = measure(Lab(store=store, seeds=(0, 1), scale=0.3))
    together = measured.questions[1].values
    assert together.shape == (2,)
    assert (together > 0.4).all()  # from chance: eight layers of sigmoids learn nothing in so few steps
    assert measured.pictures[0].ticks == ("activation (relu)", "normalisation (batch_norm)")


def test_it_names_its_source():
    assert (MILESTONE.name, MILESTONE.year, MILESTONE.data) == ("combination", 2015, "digits")
