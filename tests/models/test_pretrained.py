"""Pretrained weights: files that fit and files that do not, in words; beginnings; and features that stay frozen."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from epochal.core.errors import DataError, UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.image_ladder import IMAGE_LADDER
from epochal.models.catalogue import build, traits
from epochal.models.frozen import Frozen, FrozenConfig, best_strength, normalise
from epochal.models.interchange import naming_of, read_weights
from epochal.models.pretrained import (
    Pretrained,
    begin,
    beginning_with,
    from_network,
    store_weights,
    stored_weights,
    without_file,
)
from epochal.models.weights import model_files, read_model

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
SMALL = Recipe(model="resnet", options={"depth": 8})


def task(*shape: int, classes: int = 3) -> Task:
    labels = tuple(f"class {number}" for number in range(classes))
    return Task(name="t", input_shape=shape or (3, 32, 32), labels=labels, counts={}, fingerprint="f")


def pretrained(seed: int = 0, recipe: Recipe = SMALL, where: Task | None = None) -> Pretrained:
    torch.manual_seed(seed)
    where = where or task(classes=10)
    network = build(recipe, where)
    return from_network(network.state_dict(), recipe, where, MEAN, STD, "a bundle")


def resnet18(classes: int = 4) -> dict[str, Tensor]:
    """Weights of a ResNet-18 by torchvision's names."""
    torch.manual_seed(0)
    ours = build(Recipe(model="resnet", options={"depth": 18}), task(3, 224, 224, classes=classes)).state_dict()
    spell = naming_of(["conv1.weight", "layer1.0.conv1.weight"], "").spell
    return {spell(name): tensor for name, tensor in ours.items()}


@pytest.fixture(scope="module")
def eighteen() -> dict[str, Tensor]:
    return resnet18()


# Files


def test_half_precision_wrappers_and_lacking_counters_are_met(eighteen: dict[str, Tensor], tmp_path: Path):
    known = {name: tensor.half() for name, tensor in eighteen.items() if "tracked" not in name}
    torch.save({"epoch": 3, "state_dict": {f"module.{n}": t for n, t in known.items()}}, tmp_path / "w.pth")
    found = read_weights(tmp_path / "w.pth")
    assert found.tensors["stem.0.0.weight"].dtype == torch.float32
    assert torch.equal(found.tensors["stem.0.0.weight"], known["conv1.weight"].float())
    assert found.tensors["stem.0.1.num_batches_tracked"] == 0
    assert found.origin.title == "ResNet-18 of w.pth"


def test_settings_next_to_a_file_say_side_and_normalisation(eighteen: dict[str, Tensor], tmp_path: Path):
    save_file(eighteen, tmp_path / "model.safetensors")
    timm = {"pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "input_size": [3, 160, 160]}}
    (tmp_path / "config.json").write_text(json.dumps(timm))
    origin = read_weights(tmp_path).origin
    assert (origin.mean, origin.std, origin.side) == ((0.5,) * 3, (0.25,) * 3, 160)
    assert origin.source == f"{tmp_path.name}/model.safetensors"
    (tmp_path / "config.json").write_text(json.dumps({"downsample_in_bottleneck": True}))
    prepared = {"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 1, 1], "size": {"shortest_edge": 192}}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(prepared))
    origin = read_weights(tmp_path).origin
    assert (origin.mean, origin.std, origin.side) == ((0.1, 0.2, 0.3), (1.0,) * 3, 192)
    assert origin.network["stride_in_three"] is False
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.1]}))
    with pytest.raises(UserError, match=r"say image_mean \[0.1\]; expected 3 numbers"):
        read_weights(tmp_path)


def test_grey_weights_are_for_grey_images(eighteen: dict[str, Tensor], tmp_path: Path):
    save_file(eighteen | {"conv1.weight": eighteen["conv1.weight"][:, :1].contiguous()}, tmp_path / "w.safetensors")
    origin = read_weights(tmp_path / "w.safetensors").origin
    assert (origin.mode, origin.channels, len(origin.mean), len(origin.std)) == ("grey", 1, 1, 1)


def changed(tensors: dict[str, Tensor], drop: str = "", **more: Tensor) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != drop} | more


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: changed(t, "layer1.0.bn1.weight"), r"1 missing \(layer1.0.bn1.weight\)"),
        (lambda t: t | {"layer1.0.se.weight": torch.zeros(1)}, r"1 unexpected \(layer1.0.se.weight\)"),
        (
            lambda t: t | {"layer1.0.conv1.weight": torch.zeros(64, 4, 3, 3)},
            r"fit ResNet-18: 1 of another shape \(layer1.0.conv1.weight is \[64, 4, 3, 3\] where \[64, 64, 3, 3\] bel",
        ),
        (lambda t: {n: x for n, x in t.items() if "layer4.1" not in n}, r"2, 2, 2, 1 blocks of 2 convolutions"),
        (lambda t: {"features.0.weight": torch.zeros(3)}, r"does not hold a residual network .* begin with features.0"),
        (lambda t: {"stem.0.0.weight": torch.zeros(3)}, r"weights of epochal's own, .* Give the folder of the bundle"),
        (lambda t: t | {"fc.bias": torch.full((4,), torch.nan)}, r"numbers that are not finite, in output.bias"),
        (lambda t: [torch.zeros(2)], r"holds a list where named tensors belong"),
    ],
)
def test_what_does_not_fit_is_told(change: Any, message: str, eighteen: dict[str, Tensor], tmp_path: Path):
    torch.save(change(eighteen), tmp_path / "w.pth")
    with pytest.raises(UserError, match=message):
        read_weights(tmp_path / "w.pth")


class Attack:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("code ran",)


def test_files_that_are_no_weights_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    torch.save({"conv1.weight": Attack()}, tmp_path / "attack.pth")
    with pytest.raises(UserError, match=r"was not opened: it is damaged, or holds more than tensors, which could run"):
        read_weights(tmp_path / "attack.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Attack()))
    with pytest.raises(UserError, match=r"was not opened|cannot be read"):
        read_weights(tmp_path / "plain.pth")
    assert "code ran" not in capsys.readouterr().out
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    with pytest.raises(UserError, match=r"cut.safetensors cannot be read as weights"):
        read_weights(tmp_path / "cut.safetensors")
    with pytest.raises(
        UserError, match=r"Expected one file of weights in .*, found attack.pth, cut.safetensors, plain"
    ):
        read_weights(tmp_path)
    with pytest.raises(UserError, match=r"There are no weights at .*absent: no such file"):
        read_weights(tmp_path / "absent")
    (tmp_path / "w.onnx").touch()
    with pytest.raises(UserError, match=r"its name must end with .safetensors, .pth, .pt, .bin"):
        read_weights(tmp_path / "w.onnx")


# Our own networks


def test_stored_weights_come_back_and_are_written_once(tmp_path: Path):
    weights = pretrained()
    path = store_weights(weights, tmp_path / "run")
    before = path.stat().st_mtime_ns
    assert store_weights(pretrained(), tmp_path / "run") == path
    assert path.stat().st_mtime_ns == before
    again = stored_weights(path, weights.origin.sha256)
    assert again.origin == weights.origin
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in weights.tensors.items())
    assert store_weights(pretrained(seed=1), tmp_path / "run") != path
    assert [each.suffix for each in (tmp_path / "run").iterdir()] == [".safetensors"] * 2


def test_stored_weights_that_changed_are_refused(tmp_path: Path):
    path = store_weights(pretrained(), tmp_path)
    with pytest.raises(UserError, match=r"have changed: expected SHA-256 abc, got"):
        stored_weights(path, "abc")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"have changed: expected SHA-256"):
        stored_weights(path)
    path.write_bytes(content[:100])
    with pytest.raises(UserError, match=r"cannot be read"):
        stored_weights(path)
    path.unlink()
    with pytest.raises(UserError, match=r"are gone. Put the file back"):
        stored_weights(path)


def test_weights_of_other_models_are_refused():
    where = task(1, 28, 28)
    lenet = Recipe(model="lenet")
    with pytest.raises(UserError, match=r"a bundle holds a lenet model. Weights are taken from a residual network"):
        from_network(build(lenet, where).state_dict(), lenet, where, (0.5,), (0.5,), "a bundle")
    with pytest.raises(UserError, match=r"was trained on images of 24x32 pixels; weights need square ones"):
        from_network({}, SMALL, task(3, 24, 32), MEAN, STD, "a bundle")
    with pytest.raises(UserError, match=r"tensors of a bundle are not those of its network"):
        from_network({}, SMALL, task(), MEAN, STD, "a bundle")


def test_a_training_begins_with_the_weights_and_an_empty_last_layer(tmp_path: Path):
    weights = pretrained()
    recipe = beginning_with(IMAGE_LADDER.transfer["fine-tuned"].recipe, weights, store_weights(weights, tmp_path))
    assert IMAGE_LADDER.transfer["fine-tuned"].member(recipe) == "Fine-tuned ResNet-8"
    where = task()
    torch.manual_seed(7)
    model = begin(build(recipe, where), recipe, where)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, weights.tensors[name] if "output" not in name else torch.zeros_like(tensor)), name
    assert Recipe.from_json(recipe.to_json()) == recipe
    other = pretrained(seed=1)
    assert beginning_with(recipe, other, store_weights(other, tmp_path)).digest() != recipe.digest()
    assert "weights" not in without_file(recipe).options
    assert without_file(recipe).options["sha256"] == weights.origin.sha256


def test_other_images_than_the_weights_were_trained_on_are_refused(tmp_path: Path):
    weights = pretrained()
    recipe = beginning_with(IMAGE_LADDER.transfer["fine-tuned"].recipe, weights, store_weights(weights, tmp_path))
    for where, message in (
        (task(1, 32, 32), r"trained on rgb images, and these have 1 channel. Use --channels rgb"),
        (task(3, 12, 12), r"images of side 32, and at 12x12 pixels the network .* Use --size 32"),
    ):
        with pytest.raises(UserError, match=message):
            begin(build(recipe, where), recipe, where)
    where = task(3, 48, 40)  # larger images keep every stride
    assert begin(build(recipe, where), recipe, where) is not None


@pytest.mark.parametrize("name", IMAGE_LADDER.transfer)
def test_without_weights_a_transfer_rung_says_what_it_needs(name: str):
    recipe, where = IMAGE_LADDER.transfer[name].recipe, task()
    with pytest.raises(UserError, match=r"needs the weights of a network that learned before. Give them by --pretr"):
        begin(build(recipe, where), recipe, where)


def test_a_bundle_of_a_fine_tuned_network_never_opens_the_file_again(tmp_path: Path):
    weights = pretrained()
    path = store_weights(weights, tmp_path)
    recipe, where = beginning_with(IMAGE_LADDER.transfer["fine-tuned"].recipe, weights, path), task()
    model = begin(build(recipe, where), recipe, where).eval()
    for name, content in model_files(model).items():
        (tmp_path / name).write_bytes(content)
    path.unlink()
    again = read_model(tmp_path, recipe, where)
    inputs = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(again(inputs), model(inputs))
    assert from_network(again.state_dict(), recipe, where, MEAN, STD, "it").origin.network == weights.origin.network


# Frozen features


def stripes(count: int, classes: int = 3, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Noisy colour images whose class is the angle of their stripes."""
    random = np.random.default_rng(1)
    targets = np.arange(count) % classes
    rows, columns = np.mgrid[:side, :side]
    angles = targets * np.pi / classes
    waves = np.cos(angles)[:, None, None] * rows + np.sin(angles)[:, None, None] * columns
    clean = 127 + 60 * np.sin(waves * 2 * np.pi / 6 + random.uniform(0, 6, count)[:, None, None])
    images = clean[:, None] + random.normal(0, 40, (count, 3, side, side))
    return images.clip(0, 255).astype(np.uint8), targets


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, Pretrained]:
    weights = pretrained()
    path = store_weights(weights, tmp_path_factory.mktemp("weights"))
    return beginning_with(IMAGE_LADDER.transfer["frozen"].recipe, weights, path), weights


def test_frozen_features_are_those_of_the_network_and_are_learned_from(frozen: tuple[Recipe, Pretrained]):
    recipe, weights = frozen
    images, targets = stripes(160)
    model = build(recipe, task())
    assert isinstance(model, Frozen) and traits(recipe).deterministic and model.parameters_count() == 0
    model.fit(images[:120], targets[:120], seed=0)
    assert (model.outputs(images[120:]).argmax(axis=1) == targets[120:]).mean() > 0.8
    network: Any = weights.network()
    with torch.no_grad():
        features = network.features(normalise(torch.from_numpy(images), MEAN, STD)).numpy()
    kept = model.arrays()
    scores = (features - kept["centre"]) / kept["length"] @ kept["weights"] + kept["bias"]
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(model.outputs(images), scores, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.exp(model.outputs(images)).sum(axis=1), 1, rtol=1e-5)
    assert model.converged and model.strength in FrozenConfig().strengths
    other = build(recipe, task())
    other.fit(images[:120], targets[:120], seed=9)
    np.testing.assert_array_equal(other.outputs(images), model.outputs(images))


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_a_bundle_of_frozen_features_holds_all_of_it(classes: int, frozen: tuple[Recipe, Pretrained], tmp_path: Path):
    images, targets = stripes(40, classes)
    where = task(classes=7)  # of which 1, 3 and 5 are seen
    model = build(frozen[0], where)
    model.fit(images, targets * 2 + 1, seed=0)
    logits = model.outputs(images)
    assert logits.shape == (40, 7) and logits.dtype == np.float32 and np.isfinite(logits).all()
    assert set(logits.argmax(axis=1)) <= set(targets * 2 + 1)
    for name, content in model_files(model).items():
        (tmp_path / name).write_bytes(content)
    state = torch.get_rng_state()
    again = read_model(tmp_path, frozen[0].with_options(weights=str(tmp_path / "nowhere")), where)
    np.testing.assert_array_equal(again.outputs(images), logits)
    assert again.parameters_count() == model.parameters_count() > 75_000
    assert torch.equal(torch.get_rng_state(), state)  # nothing was drawn


def test_the_probabilities_of_two_classes_are_those_of_the_regression(frozen: tuple[Recipe, Pretrained]):
    from sklearn.linear_model import LogisticRegression

    images, targets = stripes(60, 2)
    model = build(frozen[0].with_options(strength=3.0), task(classes=2))
    model.fit(images, targets, seed=0)
    network: Any = frozen[1].network()
    with torch.no_grad():
        features = network.features(normalise(torch.from_numpy(images), MEAN, STD)).numpy()
    scaled = (features - features.mean(axis=0)) / np.sqrt(np.square(features - features.mean(axis=0)).sum(1).mean())
    expected = LogisticRegression(C=3.0, max_iter=1000).fit(scaled, targets).predict_proba(scaled)
    np.testing.assert_allclose(np.exp(model.outputs(images)), expected, atol=2e-3)


def test_what_frozen_features_cannot_learn_from_is_told(frozen: tuple[Recipe, Pretrained]):
    images, targets = stripes(9)
    with pytest.raises(UserError, match=r"needs the weights of a network that learned before"):
        Frozen(FrozenConfig(depth=8), task()).fit(images, targets, seed=0)
    with pytest.raises(UserError, match=r"has not been fitted"):
        build(frozen[0], task()).outputs(images)
    with pytest.raises(DataError, match=r"Expected uint8 images of shape"):
        build(frozen[0], task(3, 16, 16)).fit(images, targets, seed=0)
    with pytest.raises(UserError, match=r"trained on images of side 32"):
        build(frozen[0], task(3, 12, 12)).fit(images[:, :, :12, :12], targets, seed=0)


def test_the_strength_follows_the_data():
    random = np.random.default_rng(0)
    targets = np.arange(200) % 2
    noise = random.normal(size=(200, 50)).astype(np.float32)
    assert best_strength(noise / 7, targets, [0.01, 1000.0]) == 0.01
    clear = noise / 7
    clear[:, 0] = np.where(targets == 1, 1, -1)
    assert best_strength(clear, targets, [0.01, 1000.0]) == 1000.0
    assert best_strength(clear[:4], targets[:4], [1.0, 2.0, 3.0]) == 2.0  # too few to hold any out
