"""The contract of the classical rungs, on real digits and on shapes from 8x8 to 64x64."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from epochal.core.errors import DataError, UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.judge.calibration import fit_temperature, probabilities
from epochal.kinds.image_ladder import RUNGS as LADDER
from epochal.kinds.rung import CLASSICAL
from epochal.models.catalogue import build, traits
from epochal.models.classical import (
    BoostedTrees,
    BoostedTreesConfig,
    ExtraTrees,
    ExtraTreesConfig,
    HogRbf,
    HogRbfConfig,
    HogSvm,
    HogSvmConfig,
    Majority,
    MajorityConfig,
    NearestNeighbours,
    NearestNeighboursConfig,
)

RUNGS = {
    "majority": (Majority, MajorityConfig()),
    "nearest-neighbours": (NearestNeighbours, NearestNeighboursConfig()),
    "boosted-trees": (BoostedTrees, BoostedTreesConfig(rounds=10)),
    "hog-svm": (HogSvm, HogSvmConfig(choices=tuple(0.02 * 1.3**power for power in range(12)))),
    "hog-rbf": (HogRbf, HogRbfConfig(landmarks=50)),
    "extra-trees": (ExtraTrees, ExtraTreesConfig(trees=10)),
}
every_rung = pytest.mark.parametrize("name", RUNGS)


def task_of(shape: tuple[int, ...], classes: int) -> Task:
    labels = tuple(f"class {index}" for index in range(classes))
    return Task(name="tiny", input_shape=shape, labels=labels, counts={"train": 1}, fingerprint="0")


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Hand-written digits uint8 [1797, 1, 8, 8], in a fixed shuffled order."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images = np.rint(data.images * (255 / 16)).astype(np.uint8)[:, None]
    return images[order], data.target[order].astype(np.int64)


def stripes(count: int, shape: tuple[int, int, int], classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Noisy images whose class is the angle of their stripes."""
    random = np.random.default_rng(1)
    targets = np.arange(count) % classes
    channels, height, width = shape
    rows, columns = np.mgrid[:height, :width]
    angles = targets * np.pi / classes
    waves = np.cos(angles)[:, None, None] * rows + np.sin(angles)[:, None, None] * columns
    clean = 127 + 100 * np.sin(waves * 2 * np.pi / 4 + random.uniform(0, 6, count)[:, None, None])
    images = clean[:, None] + random.normal(0, 10, (count, channels, height, width))
    return images.clip(0, 255).astype(np.uint8), targets


@pytest.mark.parametrize(
    "rung, config, least",
    [
        (Majority, MajorityConfig(), 0.05),
        (NearestNeighbours, NearestNeighboursConfig(), 0.97),
        (BoostedTrees, BoostedTreesConfig(), 0.93),
        (HogSvm, HogSvmConfig(), 0.96),
        (HogRbf, HogRbfConfig(landmarks=300), 0.975),
        (HogRbf, HogRbfConfig(), 0.985),
        (ExtraTrees, ExtraTreesConfig(trees=100), 0.97),
    ],
)
def test_accuracy_on_held_out_digits(rung, config, least, digits):
    images, targets = digits
    model = rung(config, task_of((1, 8, 8), 10))
    model.fit(images[:1300], targets[:1300], seed=0)
    assert (model.outputs(images[1300:]).argmax(axis=1) == targets[1300:]).mean() >= least


@every_rung
def test_same_seed_gives_the_same_logits_and_a_deterministic_rung_ignores_the_seed(name, digits):
    images, targets = digits
    rung, config = RUNGS[name]
    logits = []
    for seed in (3, 3, 4):
        model = rung(config, task_of((1, 8, 8), 10))
        model.fit(images[:1100], targets[:1100], seed=seed)
        logits.append(model.outputs(images[1100:1300]))
    np.testing.assert_array_equal(logits[0], logits[1])
    assert np.array_equal(logits[0], logits[2]) == traits(Recipe(model=name)).deterministic


@every_rung
def test_restored_rung_agrees(name, digits):
    images, targets = digits
    rung, config = RUNGS[name]
    task = task_of((1, 8, 8), 10)
    model = rung(config, task)
    assert model.parameters_count() == 0
    model.fit(images[:300], targets[:300], seed=0)
    assert all(isinstance(array, np.ndarray) for array in model.arrays().values())
    again = rung.restore(config, task, model.estimators(), model.arrays())
    np.testing.assert_array_equal(again.outputs(images[300:400]), model.outputs(images[300:400]))
    assert again.parameters_count() == model.parameters_count() > 0


@every_rung
@pytest.mark.parametrize("classes", [1, 2, 3])
def test_classes_without_an_example_are_never_predicted(name, classes):
    images, targets = stripes(60, (1, 8, 8), classes)
    targets = targets * 2 + 1  # of seven classes, 1, 3 and 5 are seen
    rung, config = RUNGS[name]
    model = rung(config, task_of((1, 8, 8), 7))
    model.fit(images, targets, seed=0)
    logits = model.outputs(images)
    assert logits.shape == (60, 7)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()
    assert set(logits.argmax(axis=1)) <= set(targets)
    again = rung.restore(config, model.task, model.estimators(), model.arrays())
    np.testing.assert_array_equal(again.outputs(images), logits)


@every_rung
@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (3, 8, 8), (3, 17, 12), (1, 28, 28), (3, 32, 32), (3, 64, 48), (1, 64, 64)]
)
def test_every_size_and_channels(name, shape):
    images, targets = stripes(48, shape)
    rung, config = RUNGS[name]
    model = rung(config, task_of(shape, 3))
    model.fit(images[:40], targets[:40], seed=0)
    assert model.outputs(images).shape == (48, 3)
    assert model.outputs(images[:0]).shape == (0, 3)
    alone = np.concatenate([model.outputs(images[index : index + 1]) for index in range(3)])
    rounding = 2e-4 if rung is HogRbf else 1e-5  # its weights are large, of both signs, and nearly cancel
    np.testing.assert_allclose(alone, model.outputs(images[:3]), rtol=rounding, atol=rounding)
    if rung in (HogSvm, HogRbf):
        assert (model.outputs(images[40:]).argmax(axis=1) == targets[40:]).all()


@every_rung
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_handful_of_examples(name, count):
    images, targets = stripes(count, (1, 8, 8))
    rung, config = RUNGS[name]
    model = rung(config, task_of((1, 8, 8), 3))
    model.fit(images, targets, seed=0)
    assert np.isfinite(model.outputs(images)).all()


@every_rung
def test_refuses_what_does_not_belong_to_the_task(name):
    images, targets = stripes(6, (1, 8, 8))
    rung, config = RUNGS[name]
    model = rung(config, task_of((1, 8, 8), 3))
    with pytest.raises(UserError, match=r"has not been fitted: call fit"):
        model.outputs(images)
    if name != "majority":  # which never looks at an input
        with pytest.raises(DataError, match=r"Expected uint8 images of shape \[batch, 1, 8, 8\], got float64"):
            model.fit(images / 255, targets, seed=0)
        with pytest.raises(DataError, match=r"got uint8 of shape \[6, 1, 4, 8\]"):
            model.fit(images[:, :, :4], targets, seed=0)
    with pytest.raises(DataError, match="at least one training image, got none"):
        model.fit(images[:0], targets[:0], seed=0)
    with pytest.raises(DataError, match=r"targets from 0 to 2 .* got 1 to 3"):
        model.fit(images, targets + 1, seed=0)
    with pytest.raises(DataError, match="one target for each of 6 images"):
        model.fit(images, targets[:5], seed=0)


@pytest.mark.parametrize("name", [name for name, rung in LADDER.items() if rung.kind == CLASSICAL])
def test_every_classical_rung_of_the_ladder_knows_when_it_may_be_wrong(name, digits):
    """At least twenty distinct confidences, and higher ones where the answer is right."""
    images, targets = digits
    recipe = LADDER[name].recipe.with_options(rounds=20) if name == "boosted-trees" else LADDER[name].recipe
    model = build(recipe, task_of((1, 8, 8), 10))
    model.fit(images[:500], targets[:500], seed=0)
    temperature = fit_temperature(model.outputs(images[500:900]), targets[500:900])
    chances = probabilities(model.outputs(images[900:]), temperature)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-5)
    if name == "majority":
        return  # it never looks at the image
    confidences, right = chances.max(axis=1), chances.argmax(axis=1) == targets[900:]
    assert len(np.unique(confidences.round(4))) > 20
    assert roc_auc_score(right, confidences) >= 0.85


@every_rung
def test_every_rung_is_in_this_suite_and_learns_many_classes_of_two_images(name):
    assert set(RUNGS) == {name for name, rung in LADDER.items() if rung.kind == CLASSICAL}
    random = np.random.default_rng(0)
    clean = random.integers(0, 256, (60, 1, 8, 8))
    targets = np.repeat(np.arange(60), 2)
    images = (clean[targets] + random.normal(0, 10, (120, 1, 8, 8))).clip(0, 255).astype(np.uint8)
    rung, config = RUNGS[name]
    model = rung(config, task_of((1, 8, 8), 60))
    model.fit(images, targets, seed=0)
    right = (model.outputs(images).argmax(axis=1) == targets).mean()
    assert right >= {"majority": 1 / 60, "boosted-trees": 0.3}.get(name, 0.95)


@every_rung
@pytest.mark.parametrize("value", [0, 255])
def test_images_that_are_all_alike(name, value):
    images, targets = np.full((30, 1, 8, 8), value, np.uint8), np.arange(30) % 3
    rung, config = RUNGS[name]
    model = rung(config, task_of((1, 8, 8), 3))
    model.fit(images, targets, seed=0)
    assert np.isfinite(model.outputs(images)).all()
