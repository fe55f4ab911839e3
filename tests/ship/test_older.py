"""Bundles that earlier versions wrote open for ever, and answer as they did."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from epochal.core.errors import BundleError
from epochal.core.older import modern_recipe
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.models.parts.scale import fit_scale
from epochal.ship.bundle import Bundle

from .test_bundle import edit_manifest

FROZEN = Path(__file__).parent / "frozen"
KEPT = sorted(FROZEN.glob("version-*/*"))
ANSWER_OTHERWISE = ("version-1/nearest-neighbours",)  # its confidences have a meaning since: the labels are kept
WIDTHS = sorted(
    {4096}  # AlexNet and VGG
    | {64, 96, 128, 256, 384, 512}  # their convolutions, and the stages of residual networks
    | {16, 24, 32, 48, 64, 96, 112, 128, 144, 160, 192, 208, 224, 256, 288, 320, 384, 1024}  # GoogLeNet
)


def task(height: int, width: int) -> Task:
    return Task(name="t", input_shape=(1, height, width), labels=("a", "b"), counts={}, fingerprint="f")


def test_there_is_one_of_each_rung() -> None:
    both = {
        "majority", "nearest-neighbours", "boosted-trees", "hog-svm", "perceptron", "mlp", "lenet", "alexnet", "vgg",
        "googlenet", "resnet",
    }  # fmt: skip
    found = {f"{place.parent.name}/{place.name}" for place in KEPT}
    first = {f"version-1/{name}" for name in both | {"resnet-18"}}
    assert found == first | {f"version-2/{name}" for name in both | {"hog-rbf", "extra-trees", "ensemble"}}


@pytest.mark.parametrize("place", KEPT, ids=lambda place: f"{place.parent.name}, {place.name}")
def test_it_answers_as_it_did(place: Path) -> None:
    opened = Bundle.open(place / "bundle")
    with np.load(place / "answers.npz") as answers:
        images, expected = answers["images"], answers["probabilities"]
    found = opened.probabilities(images)
    assert found.argmax(axis=1).tolist() == expected.argmax(axis=1).tolist()
    assert opened.labels == tuple("0123456789")
    if f"{place.parent.name}/{place.name}" not in ANSWER_OTHERWISE:
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_an_ensemble_keeps_its_members_their_temperatures_and_what_mistakes_cost() -> None:
    opened = Bundle.open(FROZEN / "version-2" / "ensemble" / "bundle")
    assert (opened.members, opened.temperature, opened.calibration) == (2, 0.8, 0.8)
    assert opened.stakes == (1.0,) * 9 + (20.0,)
    assert opened.predictor.calibrations[0] != opened.predictor.calibrations[1]
    assert opened.task.item == "image" and opened.kind.name == "image-classes"


@pytest.mark.parametrize("model", ["alexnet", "vgg", "googlenet"])
def test_the_width_is_what_gives_the_channels_of_version_1(model: str) -> None:
    """The rule as it stood: the paper's width times side / 224, to a multiple of 8, from 16 to the paper's own."""
    for side in range(8, 225):
        here = task(side + 3, side)
        width = modern_recipe(Recipe(model=model), here, 1).options["width"]
        scale = fit_scale(here, native=224, reductions=5, model=model, width=width)
        for paper in WIDTHS:
            before = paper if side == 224 else min(paper, max(16, 8 * int(paper * side / 224 / 8 + 0.5)))
            assert scale.channels_of(paper) == before, (side, paper)


@pytest.mark.parametrize("side", [224, 225, 500])
def test_photographs_had_the_papers_own_widths(side: int) -> None:
    assert modern_recipe(Recipe(model="vgg"), task(side, side), 1).options["width"] == 1.0


@pytest.mark.parametrize(("depth", "changed"), [(18, True), (34, True), (152, True), (8, False), (20, False)])
def test_of_residual_networks_those_for_photographs_were_narrowed(depth: int, changed: bool) -> None:
    recipe = Recipe(model="resnet", options={"depth": depth})
    assert modern_recipe(recipe, task(28, 28), 1).options == {"depth": depth} | ({"width": 0.125} if changed else {})


@pytest.mark.parametrize(
    ("recipe", "version"),
    [
        (Recipe(model="vgg"), 2),
        (Recipe(model="vgg", options={"width": 0.5}), 1),
        (Recipe(model="resnet"), 1),  # 20 layers unless said
        (Recipe(model="lenet"), 1),
        (Recipe(model="hog-svm"), 1),
    ],
    ids=str,
)
def test_other_recipes_mean_today_what_they_meant(recipe: Recipe, version: int) -> None:
    assert modern_recipe(recipe, task(28, 28), version) is recipe


def test_the_version_is_what_tells(tmp_path: Path) -> None:
    """Under today's version the same files are a network of the paper's widths, which the weights do not fit."""
    folder = tmp_path / "bundle"
    shutil.copytree(FROZEN / "version-1" / "vgg" / "bundle", folder)
    edit_manifest(folder, version=2)
    with pytest.raises(BundleError, match=r"do not fit|does not fit|damaged"):
        Bundle.open(folder)
