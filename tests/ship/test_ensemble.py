"""An ensemble in a bundle answers with the mean of its members' probabilities, and is opened as carefully as one
model."""

import json

import numpy as np
import pytest
import torch

from epochal import evaluate
from epochal.core.errors import BundleError, UserError
from epochal.core.protocols import ClassScores
from epochal.data import ReadOptions
from epochal.judge.goals.classes import log_mean
from epochal.kinds.image_ladder import RUNGS
from epochal.kinds.table import kind_of
from epochal.models.catalogue import build
from epochal.ship import files
from epochal.ship.bundle import Bundle, write_bundle
from epochal.ship.pretrained import open_weights

from .test_bundle import edit_manifest, seal_again

TEMPERATURES = (1.5, 0.5, 2.0)
AFTER = 0.8  # temperature of the mean


def members(rung, dataset, count=3):
    """Models of one recipe that differ in their seed."""
    found = []
    for seed in range(count):
        torch.manual_seed(seed)
        model = build(RUNGS[rung].members[0], dataset.task)
        if isinstance(model, torch.nn.Module):
            found.append(model.eval())
        else:
            model.fit(dataset.train.inputs[seed * 40 :], dataset.train.targets[seed * 40 :], seed=seed)
            found.append(model)
    return found


def written(folder, dataset, rung, evidence=None):
    models = members(rung, dataset)
    write_bundle(
        folder,
        model=models,
        recipe=RUNGS[rung].members[0],
        task=dataset.task,
        codec=dataset.codec,
        calibration=AFTER,
        calibrations=TEMPERATURES,
        evidence=evidence or {},
    )
    return folder, models


@pytest.fixture
def ensemble(tmp_path, digits):
    return written(tmp_path / "bundle", digits, "boosted-trees")[0]


@pytest.mark.parametrize("rung", ["lenet", "boosted-trees"])
def test_it_answers_with_the_mean_of_its_members(tmp_path, digits, rung):
    folder, models = written(tmp_path / "bundle", digits, rung)
    opened, images = Bundle.open(folder), digits.validation.inputs[:30]
    single = [
        ClassScores(
            logits=kind_of(digits.task)
            .predictor(model, digits.codec, RUNGS[rung].members[0], digits.task)(images)
            .logits
            / np.float32(temperature)
        ).probabilities
        for model, temperature in zip(models, TEMPERATURES, strict=True)
    ]
    mean = np.mean(single, axis=0)
    np.testing.assert_allclose(ClassScores(logits=opened.logits(images)).probabilities, mean, atol=1e-6)
    sharpened = mean ** (1 / AFTER)
    sharpened /= sharpened.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(opened.probabilities(images), sharpened, atol=1e-6)
    assert opened.members == 3
    assert (np.abs(single[0] - single[1]).max(axis=1) > 1e-3).all(), "members that agree would show nothing"


def test_all_that_a_bundle_does_it_does(ensemble, digits, picture):
    opened = Bundle.open(ensemble)
    (answer,) = opened.predict(picture)
    expected = opened.probabilities(digits.validation.inputs[:1])[0]
    assert answer.label == opened.labels[expected.argmax()]
    assert opened.logits(digits.validation.inputs[:0]).shape == (0, 10)
    labels = [opened.labels[target] for target in digits.validation.targets]
    found = evaluate(opened, (digits.validation.inputs[:, 0], labels), options=ReadOptions(white=255))
    right = opened.probabilities(digits.validation.inputs).argmax(axis=1) == digits.validation.targets
    assert found["accuracy"].value == pytest.approx(right.mean())


def test_its_files_are_named_by_member(ensemble):
    names = {f"{stem}-{k}.{end}" for k in range(3) for stem, end in (("model", "safetensors"), ("estimators", "skops"))}
    assert set(json.loads((ensemble / "manifest.json").read_text())["files"]) == {*files.DOCUMENTS, *names}
    calibration = json.loads((ensemble / "calibration.json").read_text())
    assert (calibration["temperature"], calibration["members"]) == (AFTER, [*TEMPERATURES])
    assert "Lakshminarayanan" in calibration["mean"]


@pytest.mark.parametrize("name", ["model-0.safetensors", "model-2.safetensors", "estimators-1.skops"])
def test_a_changed_byte_of_any_member_is_found(ensemble, name):
    content = bytearray((ensemble / name).read_bytes())
    content[len(content) // 2] ^= 1
    (ensemble / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"damaged: {name} was changed after it was written"):
        Bundle.open(ensemble)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("model-1.safetensors", r"lists estimators-1.skops, estimators-2.skops, model-2.safetensors of a model that"),
        ("model-0.safetensors", r"does not list model.safetensors"),
        ("model-2.safetensors", r"lists estimators-2.skops of a model that it does not have"),
    ],
)
def test_a_manifest_without_a_member_is_refused(ensemble, lost, message):
    entries = json.loads((ensemble / "manifest.json").read_text())["files"]
    edit_manifest(ensemble, files={name: entry for name, entry in entries.items() if name != lost})
    with pytest.raises(BundleError, match=message):
        Bundle.open(ensemble)


@pytest.mark.parametrize("name", ["model-01.safetensors", "model--1.safetensors", "model-0.pkl", "other-0.safetensors"])
def test_a_manifest_names_no_other_files(ensemble, name):
    entries = json.loads((ensemble / "manifest.json").read_text())["files"]
    edit_manifest(ensemble, files=entries | {name: entries["model-0.safetensors"]})
    with pytest.raises(BundleError, match="names files that no bundle has"):
        Bundle.open(ensemble)


def test_a_model_next_to_the_members_is_refused(ensemble):
    entries = json.loads((ensemble / "manifest.json").read_text())["files"]
    edit_manifest(ensemble, files=entries | {"model.safetensors": entries["model-0.safetensors"]})
    with pytest.raises(
        BundleError, match=r"lists estimators-0.skops, .*model-2.safetensors of a model that it does not"
    ):
        Bundle.open(ensemble)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"temperature": 1.0}, "expected the temperatures of 3 members, got 0"),
        ({"temperature": 1.0, "members": [1.0, 1.0]}, "expected the temperatures of 3 members, got 2"),
        ({"temperature": 1.0, "members": [1.0, 0.0, 1.0]}, "expected a temperature above zero, got 0.0"),
        ({"temperature": 1.0, "members": "1.0"}, "expected a temperature above zero, got '1.0'"),
    ],
)
def test_temperatures_that_do_not_fit(ensemble, content, message):
    seal_again(ensemble, "calibration.json", json.dumps(content).encode())
    with pytest.raises(BundleError, match=message):
        Bundle.open(ensemble)


def test_estimators_of_a_member_that_the_manifest_does_not_list_are_not_opened(tmp_path, digits):
    folder, _ = written(tmp_path / "bundle", digits, "lenet")
    (folder / "estimators-1.skops").write_bytes(b"anything")
    with pytest.raises(BundleError, match="has a file estimators-1.skops that its manifest does not list"):
        Bundle.open(folder)


def test_a_temperature_of_a_member_must_be_above_zero(tmp_path, digits):
    with pytest.raises(BundleError, match="Expected a temperature above zero, got -1.0"):
        write_bundle(
            tmp_path / "bundle",
            model=members("lenet", digits, 2),
            recipe=RUNGS["lenet"].members[0],
            task=digits.task,
            codec=digits.codec,
            calibration=1.0,
            calibrations=(1.0, -1.0),
            evidence={},
        )


def test_no_training_can_begin_with_several_networks(tmp_path, digits):
    folder, _ = written(tmp_path / "bundle", digits, "resnet")
    with pytest.raises(UserError, match="is an ensemble of 3 networks, and a training can begin with one. Give the"):
        open_weights(folder)


def test_chances_too_small_for_a_float_stay_finite():
    logits = np.array([[[0.0, -5000.0]], [[0.0, -4000.0]]])
    np.testing.assert_allclose(log_mean(logits, (1.0, 1.0)), [[0.0, -4000 - np.log(2)]])
