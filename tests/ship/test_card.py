"""The card of a bundle says what the climb says: its headline, what it scores, and the interval that decided."""

import numpy as np

from epochal.core.experiment import CANNOT_TELL, Finding
from epochal.core.metric import LOWER, Metric
from epochal.core.task import Task
from epochal.data.image.codec import Codec
from epochal.judge.reliability import abstaining, recalls, reliability
from epochal.kinds.image_ladder import RUNGS
from epochal.ship.card import MOST_CLASSES, _evidence, model_card

FINDING = Finding(
    control="a", arm="b", effect=0.557, interval=(0.35, 0.765), simultaneous=(-0.05, 1.0), p_value=0.01,
    verdict=CANNOT_TELL, margin=0.005, detectable=0.6, seeds=3, items=72, comparisons=9,
)  # fmt: skip
LOSS = Metric(name="log-loss", title="log-loss", unit="nats", better=LOWER, percent=False)
SCORE = {"mean": 0.925, "low": 0.88, "high": 0.95}


def card(classes: int = 2, **made) -> str:
    """The card of a bundle of VGG whose climb says this."""
    labels = tuple(f"class|{k}" for k in range(classes))
    counts = {"train": 60, "validation": 20, "test": 40}
    task = Task(name="photos", input_shape=(1, 8, 8), labels=labels, counts=counts, fingerprint="f" * 32)
    codec = Codec(height=8, width=8, mode="grey", resize="stretch", mean=(0.5,), std=(0.2,))
    recipe = RUNGS["vgg"].members[0]
    return model_card(recipe=recipe, task=task, codec=codec, calibration=1.25, evidence=made)


def shipped(classes: int = 2) -> dict:
    """Of a model that is right on 37 of 40 items a class, and surer where it is."""
    targets = np.repeat(np.arange(classes), 40)
    labels = np.where(np.arange(len(targets)) % 40 < 37, targets, (targets + 1) % classes)
    sure = np.where(labels == targets, 0.9, 0.6)
    chances = np.tile((1 - sure[:, None]) / (classes - 1), (1, classes))
    chances[np.arange(len(targets)), labels] = sure
    return {
        "score": SCORE,
        "recalls": [one.to_dict() for one in recalls(labels[None], targets)],
        "reliability": reliability(chances, targets).to_dict(),
        "abstaining": [abstaining(sure, labels == targets, 0.8).to_dict()],
    }


def climb(**more) -> dict:
    stage = {"name": "final", "seeds": 3, "test": {**SCORE, "mean": 0.91}, "validation": None}
    rung = {"name": "vgg", "title": "VGG", "member": "VGG-11, width 1/16", "answer": 0.00037, "size": 90352}
    return {"chosen": "vgg", "headline": "Recommended: VGG.", "rungs": [{**rung, "stages": [stage]}], **more}


def test_a_verdict_stands_next_to_the_interval_that_decided_it():
    (line,) = _evidence({"climb": {"on_test": [FINDING.to_dict()]}})
    assert line == (
        "- On the test split, b against a: cannot tell (difference +55.7 points, 95% interval -5.0 to +100.0, "
        "corrected for 9 comparisons)."
    )


def test_an_effect_is_in_the_unit_of_its_metric():
    loss = FINDING.replace(effect=-0.1234, simultaneous=(-0.2, 0.01), comparisons=1, percent=False, unit="nats")
    (line,) = _evidence({"climb": {"on_test": [loss.to_dict()]}})
    assert line.endswith("cannot tell (difference -0.123 nats, 95% interval -0.200 to +0.010).")


def test_a_finding_of_an_earlier_run_is_in_points():
    old = {key: value for key, value in FINDING.to_dict().items() if key not in ("metric", "unit", "percent", "better")}
    (line,) = _evidence({"climb": {"on_test": [old]}})
    assert "+55.7 points" in line


def test_it_begins_with_the_headline_and_names_the_member():
    lines = card(climb=climb(shipped=shipped())).splitlines()
    assert lines[0] == "# VGG-11, width 1/16 for photos"
    assert lines[2] == "**Recommended: VGG.**"
    assert "- An answer for one image takes 0.37 ms on the machine of the climb." in lines
    assert "- The model takes 90,352 bytes." in lines


def test_it_tells_the_bundled_model_from_the_mean_over_seeds():
    text = card(climb=climb(shipped=shipped()))
    assert "- Accuracy: 92.5% (95% interval 88.0% to 95.0%)." in text
    assert "- It is one of 3 trainings, whose mean is 91.0%." in text
    assert "- Test, mean over the seeds: 91.0% (95% interval 88.0% to 95.0%)." in text


def test_it_says_whether_its_confidence_can_be_relied_on():
    text = card(climb=climb(shipped=shipped()))
    assert "- Calibration error on the test split: " in text
    assert "- In 100% of the pairs of a right and a wrong answer, the right one has the higher confidence (" in text
    assert "- From 80.0% confidence on, it answers 92.5% of the images (95% interval " in text
    assert "and 100.0% of these answers are right (95% interval " in text


def test_it_lists_the_recall_of_each_class_up_to_thirty():
    text = card(climb=climb(shipped=shipped()))
    assert r"| class\|0 | 92% | " in text and " | 40 |" in text
    many = card(classes=40, climb=climb(shipped=shipped(40)))
    assert many.count("\n| class") == MOST_CLASSES + 1
    assert "The other 10 classes are found 92% of the time or more." in many


def test_scores_are_in_the_unit_of_the_metric():
    text = card(climb=climb(shipped=shipped(), metric=LOSS.to_dict()))
    assert "- Log-loss: 0.925 nats (95% interval 0.88 nats to 0.95 nats)." in text


def test_a_model_that_was_trained_again_promises_for_itself():
    again = {
        "sentence": "Trained again on all.", "notes": [], "calibration": "carried over", "metric": LOSS.to_dict(),
        "shipped": {**shipped(), "score": {"mean": 0.5, "low": 0.4, "high": 0.6}},
    }  # fmt: skip
    text = card(climb=climb(shipped=shipped()), refit=again)
    assert "**Trained again on all.**" in text and "temperature 1.250, carried over." in text
    assert "- Log-loss: 0.5 nats (" in text and "- Accuracy: 92.5%" not in text
    assert "It is one of 3 trainings" not in text and "An answer for one image" not in text


def test_evidence_of_earlier_versions_makes_a_card():
    assert "No measurements were kept with this bundle." in card()
    stage = {"name": "final", "seeds": 3, "test": SCORE, "validation": SCORE}
    old = {"chosen": "vgg", "verdict": "Take VGG.", "rungs": [{"name": "vgg", "title": "VGG", "stages": [stage]}]}
    text = card(climb=old)
    assert "Take VGG." in text and "- Test, mean over the seeds: 92.5% (" in text
    assert "What it scores" not in text and "**" not in text
