"""A bundle answers in another process as the model did here, and refuses whatever is not what was written."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skops.io
import torch
from sklearn.preprocessing import FunctionTransformer

import epochal
from epochal.core.errors import BundleError
from epochal.core.protocols import ClassScores
from epochal.kinds.image_ladder import RUNGS
from epochal.kinds.table import kind_of
from epochal.ship import files
from epochal.ship.bundle import Bundle, write_bundle

from .conftest import bundled, fitted

FRESH = """
import sys
import numpy as np
from epochal.ship.bundle import Bundle

images = np.load(sys.argv[1])
for folder in sys.argv[2:]:
    np.save(folder + ".npy", Bundle.open(folder).logits(images))
"""


def test_every_rung_answers_the_same_in_a_fresh_process(tmp_path, digits):
    images = digits.validation.inputs[:40]
    np.save(tmp_path / "images.npy", images)
    expected = {}
    for name, rung in RUNGS.items():
        recipe = rung.members[0]
        model = fitted(recipe, digits)
        expected[name] = kind_of(digits.task).predictor(model, digits.codec, recipe, digits.task)(images).logits
        write_bundle(
            tmp_path / name,
            model=model,
            recipe=recipe,
            task=digits.task,
            codec=digits.codec,
            calibration=1.0,
            evidence={},
        )
    folders = [str(tmp_path / name) for name in RUNGS]
    subprocess.run([sys.executable, "-c", FRESH, str(tmp_path / "images.npy"), *folders], check=True, timeout=300)
    for name in RUNGS:
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy"), expected[name], err_msg=name)


def test_what_is_written_is_what_is_opened(tmp_path, digits):
    opened = Bundle.open(bundled(tmp_path / "bundle", digits, temperature=2.5, climb={"verdict": "LeNet-5 is enough."}))
    assert (opened.recipe, opened.task, opened.codec) == (RUNGS["lenet"].members[0], digits.task, digits.codec)
    assert opened.temperature == 2.5
    assert opened.evidence == {"climb": {"verdict": "LeNet-5 is enough."}}
    assert opened.labels == tuple("0123456789")
    assert opened.manifest["epochal"] == epochal.__version__
    assert "LeNet-5 is enough." in opened.card
    assert opened._repr_html_().startswith("<pre># LeNet-5 for digits")


def test_probabilities_are_logits_over_the_temperature(tmp_path, digits):
    opened = Bundle.open(bundled(tmp_path / "bundle", digits, temperature=2.0))
    images = digits.validation.inputs[:5]
    logits = opened.logits(images)
    np.testing.assert_allclose(opened.probabilities(images), ClassScores(logits=logits / 2).probabilities)
    assert (opened.probabilities(images).max(axis=1) < ClassScores(logits=logits).probabilities.max(axis=1)).all()


def test_a_batch_of_none_has_a_column_for_each_class(bundle, digits):
    assert Bundle.open(bundle).logits(digits.validation.inputs[:0]).shape == (0, 10)


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (2, 1, 8, 9), (1, 8, 8)])
def test_arrays_of_another_shape_are_refused(bundle, shape):
    with pytest.raises(ValueError, match=r"Expected uint8 images of shape \[batch, 1, 8, 8\]; got uint8 of shape"):
        Bundle.open(bundle).logits(np.zeros(shape, np.uint8))


def test_opening_leaves_the_random_numbers_of_the_caller_alone(bundle):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    Bundle.open(bundle)
    assert torch.equal(torch.rand(3), expected)


# Damage


@pytest.mark.parametrize("name", files.REQUIRED)
def test_a_changed_byte_is_found(bundle, name):
    path = bundle / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=rf"damaged: {name} was changed after it was written"):
        Bundle.open(bundle)


@pytest.mark.parametrize("name", files.REQUIRED)
def test_a_truncated_file_is_found(bundle, name):
    path = bundle / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match=rf"damaged: {name} has [\d,]+ bytes, and the manifest says"):
        Bundle.open(bundle)


@pytest.mark.parametrize("name", files.REQUIRED)
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=f"incomplete: {name} is missing. Copy the bundle again"):
        Bundle.open(bundle)


def test_what_is_no_bundle_is_said_to_be_none(tmp_path, bundle):
    with pytest.raises(BundleError, match="There is no bundle at .*nowhere: the folder does not exist"):
        Bundle.open(tmp_path / "nowhere")
    with pytest.raises(BundleError, match=r"has no manifest.json. Did you mean .*bundle\?"):
        Bundle.open(tmp_path)
    (bundle / "manifest.json").unlink()
    with pytest.raises(BundleError, match=r"is not a bundle: it has no manifest.json. A climb writes"):
        Bundle.open(bundle)


def edit_manifest(bundle: Path, **changes: object) -> None:
    path = bundle / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def seal_again(bundle: Path, name: str, content: bytes) -> None:
    """Replace a file as an attacker would: with a manifest that agrees."""
    (bundle / name).write_bytes(content)
    entries = json.loads((bundle / "manifest.json").read_text())["files"]
    entries[name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    edit_manifest(bundle, files=entries)


def test_a_newer_version_asks_for_an_upgrade(bundle):
    edit_manifest(bundle, version=files.VERSION + 1, epochal="9.1.0")
    with pytest.raises(BundleError, match=rf"newer epochal \(9.1.0\).*reads up to {files.VERSION}. Upgrade epochal"):
        Bundle.open(bundle)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"format": "zip"}, "not the manifest of a bundle"),
        ({"version": "1"}, "says version '1', expected a whole number"),
        ({"version": True}, "says version True"),
        ({"files": []}, "does not list files with size and sha256"),
        ({"files": {"recipe.json": {"size": "3"}}}, "does not list files with size and sha256"),
        ({"files": {}}, "it does not list calibration.json, card.md, codec.json"),
    ],
)
def test_a_manifest_that_makes_no_sense(bundle, changes, message):
    edit_manifest(bundle, **changes)
    with pytest.raises(BundleError, match=message):
        Bundle.open(bundle)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[]"])
def test_a_manifest_that_is_no_json(bundle, content):
    (bundle / "manifest.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"manifest.json is (damaged: it is not JSON|not the manifest)"):
        Bundle.open(bundle)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "sub/model.safetensors", "weights.pkl", "..\\x", ""])
def test_a_manifest_names_nothing_but_the_files_of_a_bundle(bundle, name):
    entries = json.loads((bundle / "manifest.json").read_text())["files"]
    edit_manifest(bundle, files=entries | {name: {"size": 0, "sha256": hashlib.sha256(b"").hexdigest()}})
    with pytest.raises(BundleError, match="names files that no bundle has"):
        Bundle.open(bundle)


# Content that agrees with the manifest, and is wrong all the same


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("recipe.json", b'{"model": "lenet", "colour": 1}', "Recipe has no field colour"),
        ("recipe.json", b"[1]", "recipe.json is damaged"),
        ("recipe.json", b'{"model": "oracle"}', "oracle"),
        ("task.json", b"{}", "task.json is damaged"),
        ("codec.json", b'{"mode": "rgb", "height": 8, "width": 8}', "its codec does not make what its task expects"),
        ("calibration.json", b'{"temperature": 0}', "expected a temperature above zero, got 0"),
        ("calibration.json", b'{"temperature": NaN}', "expected a temperature above zero, got nan"),
        ("calibration.json", b"[]", "expected a temperature above zero, got None"),
        ("model.safetensors", b"not tensors", "cannot be read as lenet"),
        ("model.safetensors", pickle.dumps({"weight": [1.0]}), "cannot be read as lenet"),
    ],
)
def test_content_that_does_not_fit(bundle, name, content, message):
    seal_again(bundle, name, content)
    with pytest.raises(BundleError, match=message):
        Bundle.open(bundle)


class Trap:
    """Unpickling this would leave a file behind."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_pickle_smuggled_as_estimators_is_never_run(tmp_path, digits):
    sprung = tmp_path / "sprung"
    pickle.loads(pickle.dumps(Trap(sprung)))
    assert sprung.exists(), "the trap must work for this test to mean anything"
    sprung.unlink()
    bundle = bundled(tmp_path / "bundle", digits, rung="boosted-trees")
    assert "estimators.skops" in json.loads((bundle / "manifest.json").read_text())["files"]
    seal_again(bundle, "estimators.skops", pickle.dumps(Trap(sprung)))
    with pytest.raises(BundleError, match="cannot be read as boosted-trees"):
        Bundle.open(bundle)
    assert not sprung.exists()


def test_estimators_of_a_type_that_no_rung_has_are_refused(tmp_path, digits):
    """A skops file with a transformer that calls os.system."""
    bundle = bundled(tmp_path / "bundle", digits, rung="boosted-trees")
    seal_again(bundle, "estimators.skops", skops.io.dumps({"trees": FunctionTransformer(os.system)}))
    with pytest.raises(BundleError, match="holds types that no rung is made of: posix.system. It was not opened"):
        Bundle.open(bundle)


def test_estimators_that_the_manifest_does_not_list_are_not_opened(bundle):
    (bundle / "estimators.skops").write_bytes(b"anything")
    with pytest.raises(BundleError, match="has a file estimators.skops that its manifest does not list"):
        Bundle.open(bundle)


# Writing


def test_an_older_bundle_is_replaced_as_one(tmp_path, digits):
    bundled(tmp_path / "bundle", digits, temperature=1.0)
    bundled(tmp_path / "bundle", digits, temperature=3.0, rung="majority")
    assert Bundle.open(tmp_path / "bundle").temperature == 3.0
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"], "nothing is left lying about"


def test_an_older_bundle_stays_when_the_new_one_cannot_be_written(tmp_path, digits, monkeypatch):
    bundled(tmp_path / "bundle", digits, temperature=1.0)
    rename = files.os.rename

    def fails(source, target):
        if ".new-" in str(source):
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(files.os, "rename", fails)
    with pytest.raises(BundleError, match="cannot be written to .*: No space left on device"):
        bundled(tmp_path / "bundle", digits, temperature=3.0)
    assert Bundle.open(tmp_path / "bundle").temperature == 1.0
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_folder_with_other_things_is_never_replaced(tmp_path, digits):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_bytes(b"...")
    with pytest.raises(BundleError, match="holds other things, which would be lost"):
        bundled(tmp_path / "photos", digits)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BundleError, match="it is not a folder"):
        bundled(tmp_path / "file", digits)
    assert (tmp_path / "photos" / "holiday.jpg").exists()


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_must_be_above_zero(tmp_path, digits, temperature):
    with pytest.raises(BundleError, match="Expected a temperature above zero"):
        bundled(tmp_path / "bundle", digits, temperature=temperature)
