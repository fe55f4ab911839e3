"""What --pretrained takes: bundles, runs that hold one, files of other libraries, and published names."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from epochal.core.errors import BundleError, DataError, UserError
from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.core.task import Task
from epochal.data import published_weights
from epochal.data.image.codec import Codec
from epochal.data.image.opened import from_arrays
from epochal.data.image.options import ReadOptions
from epochal.kinds.image_ladder import IMAGE_LADDER
from epochal.models.catalogue import build
from epochal.models.interchange import naming_of
from epochal.models.pretrained import Pretrained, beginning_with, store_weights
from epochal.ship.bundle import Bundle, write_bundle
from epochal.ship.pretrained import open_weights, reading_for
from epochal.train.fit import fit
from epochal.train.trainee import prepare

CODEC = Codec(mode="rgb", height=32, width=32, mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))
COUNTS = {"train": 1, "validation": 1, "test": 1}
RESNET = Recipe(model="resnet", options={"depth": 8, "activation": "gelu"})


def bundle(folder: Path, recipe: Recipe = RESNET, codec: Codec = CODEC) -> Path:
    labels = tuple("abcdefghij")
    task = Task(name="t", input_shape=codec.input_shape, labels=labels, counts=COUNTS, fingerprint="f")
    torch.manual_seed(0)
    return write_bundle(
        folder, model=build(recipe, task), recipe=recipe, task=task, codec=codec, calibration=1.0, evidence={}
    )


def test_a_bundle_and_a_run_that_holds_it(tmp_path: Path):
    folder = bundle(tmp_path / "run" / "bundle")
    expected = Bundle.open(folder).predictor.model.state_dict()  # type: ignore[attr-defined]
    for what in (folder, tmp_path / "run", folder / "model.safetensors"):
        found = open_weights(what)
        assert found.origin.network == {"depth": 8, "activation": "gelu"}
        assert (found.origin.mean, found.origin.std, found.origin.side) == (CODEC.mean, CODEC.std, 32)
        assert found.origin.classes == 10
        assert found.origin.source == f"the bundle {folder}"
        assert all(torch.equal(found.tensors[name], tensor) for name, tensor in expected.items())


def test_relative_paths_and_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bundle(tmp_path / "bundle")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_weights("bundle").origin == open_weights("~/bundle").origin


def test_what_holds_no_residual_network_is_told(tmp_path: Path):
    bundle(tmp_path / "lenet", Recipe(model="lenet"))
    with pytest.raises(UserError, match=r"lenet holds a lenet model. Weights are taken from a residual network"):
        open_weights(tmp_path / "lenet")
    with pytest.raises(UserError, match=r"--pretrained: there is nothing at .*/resnet51. Give the folder of a bundle"):
        open_weights("resnet51")
    damaged = bundle(tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"")
    with pytest.raises(BundleError, match=r"is damaged: model.safetensors has 0 bytes"):
        open_weights(damaged)


def test_published_names_come_from_the_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import hashlib

    task = Task(name="t", input_shape=(3, 224, 224), labels=("a", "b"), counts={}, fingerprint="f")
    ours = build(Recipe(model="resnet", options={"depth": 18}), task).state_dict()
    spell = naming_of(["conv1.weight", "layer1.0.conv1.weight"], "").spell
    (tmp_path / "resnet18-weights").mkdir()
    file = tmp_path / "resnet18-weights" / "held.pth"
    torch.save({spell(name): tensor for name, tensor in ours.items()}, file)
    digits = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    weights = published_weights.WEIGHTS["resnet18-weights"].replace(file=file.name, sha256=digits)
    monkeypatch.setitem(published_weights.WEIGHTS, "resnet18-weights", weights)
    monkeypatch.setenv("EPOCHAL_MIRROR", str(tmp_path))
    found = open_weights("resnet18-weights")
    assert (found.origin.network["depth"], found.origin.source) == (18, "held.pth")
    save_file({spell(name): tensor for name, tensor in ours.items()}, tmp_path / "same.safetensors")
    assert open_weights(tmp_path / "same.safetensors").origin.sha256 == found.origin.sha256


# What the codec becomes, and what trains on it


def pictures(count: int = 60, channels: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 128, (count, 40, 40, channels), dtype=np.uint8)
    targets = np.arange(count) % 2
    images[targets == 1, :20] += 120
    return images, targets


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Pretrained:
    return open_weights(bundle(tmp_path_factory.mktemp("run") / "bundle"))


def test_images_are_read_as_the_weights_expect(weights: Pretrained):
    options = reading_for(weights, ReadOptions(seed=3))
    dataset = from_arrays(*pictures(channels=1), options=options)  # grey images become colour ones
    assert dataset.codec.replace(white=None) == CODEC.replace(max_megapixels=dataset.codec.max_megapixels)
    assert dataset.train.inputs.shape[1:] == (3, 32, 32)
    assert options.seed == 3
    assert reading_for(weights, ReadOptions(size=40)).size == 40
    with pytest.raises(UserError, match=r"take rgb images, and --channels grey was asked for"):
        reading_for(weights, ReadOptions(channels="grey"))


def test_a_normalisation_of_other_channels_is_refused():
    with pytest.raises(DataError, match=r"need one number for each of the 3 channels of these rgb images"):
        from_arrays(*pictures(), options=ReadOptions(mean=(0.5,), std=(0.5,)))
    with pytest.raises(DataError, match=r"mean and std go together: give both or none"):
        from_arrays(*pictures(), options=ReadOptions(mean=(0.5,)))
    with pytest.raises(DataError, match=r"std must be above 0 for each channel"):
        from_arrays(*pictures(), options=ReadOptions(mean=(0.5,), std=(0.0,)))


@pytest.mark.parametrize("name", IMAGE_LADDER.transfer)
def test_a_transfer_rung_trains_and_ships(name: str, weights: Pretrained, tmp_path: Path):
    dataset = from_arrays(*pictures(), options=reading_for(weights))
    recipe = beginning_with(
        IMAGE_LADDER.transfer[name].recipe, weights, store_weights(weights, tmp_path / "pretrained")
    )
    budget = Budget(examples=1280)
    predictor, run = fit(prepare(dataset, recipe, 0, budget), budget, 0)
    assert run.scores["score"] > 0.6
    shipped = write_bundle(
        tmp_path / "bundle",
        model=predictor.model,  # type: ignore[attr-defined]
        recipe=recipe,
        task=dataset.task,
        codec=dataset.codec,
        calibration=1.0,
        evidence={},
    )
    for path in (tmp_path / "pretrained").iterdir():
        path.unlink()
    images = dataset.validation.inputs
    np.testing.assert_array_equal(Bundle.open(shipped).logits(images), predictor(images).logits)
    if name == "fine-tuned":
        assert open_weights(shipped).origin.network == weights.origin.network
    else:
        with pytest.raises(UserError, match=r"holds a frozen model. Weights are taken from a residual network"):
            open_weights(shipped)


def test_no_training_of_images_begins_with_a_model_of_rows(of_number):
    with pytest.raises(UserError, match="answers for rows, and a training can begin with a residual network"):
        open_weights(of_number)
