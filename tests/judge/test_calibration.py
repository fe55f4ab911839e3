"""Temperature scaling finds a planted temperature."""

import numpy as np
import pytest
from scipy import optimize
from signatures import unchecked
from sklearn import metrics as oracle

from epochal.judge import calibration


def drawn(items: int, temperature: float, seed: int = 0):
    """Logits that are too confident by a factor of `temperature`, and targets drawn from the true chances."""
    random = np.random.default_rng(seed)
    honest = 2 * random.normal(size=(items, 4))
    chances = calibration.probabilities(honest)
    targets = (chances.cumsum(axis=1) < random.random((items, 1))).sum(axis=1)
    return honest * temperature, targets


def log_loss(logits, targets):
    return oracle.log_loss(targets, calibration.probabilities(logits), labels=range(logits.shape[1]))


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_a_planted_temperature_is_found(temperature):
    logits, targets = drawn(6_000, temperature)
    assert calibration.fit_temperature(logits, targets) == pytest.approx(temperature, rel=0.08)


def test_the_temperature_is_the_minimum_that_an_independent_search_finds():
    logits, targets = drawn(500, 3.0)

    doubt = 1 / (len(logits) + 1)  # of one item more, which all classes share

    def loss(inverse):
        of_class = [log_loss(logits * inverse, np.full_like(targets, one)) for one in range(logits.shape[1])]
        return (1 - doubt) * log_loss(logits * inverse, targets) + doubt * np.mean(of_class)

    expected = 1 / optimize.minimize_scalar(loss, bounds=(1e-3, 10), method="bounded", options={"xatol": 1e-9}).x
    assert calibration.fit_temperature(logits, targets) == pytest.approx(expected, rel=1e-4)


def test_few_items_without_a_mistake_do_not_make_a_model_certain():
    random = np.random.default_rng(0)
    targets = random.integers(0, 10, 100)
    logits = random.normal(size=(100, 10))
    logits[np.arange(100), targets] = logits.max(axis=1) + random.uniform(0.1, 5, 100)
    temperature = calibration.fit_temperature(logits, targets)
    confidence = calibration.probabilities(logits, temperature).max(axis=1)
    assert temperature > 2 * calibration.COLDEST
    assert len(np.unique(confidence.round(4))) > 20 and confidence.min() < 0.99


def test_scaling_keeps_labels_and_lowers_the_loss():
    logits, targets = drawn(5_000, 4.0)
    cooled = calibration.apply(logits, calibration.fit_temperature(logits, targets))
    assert (cooled.argmax(axis=1) == logits.argmax(axis=1)).all()
    assert log_loss(cooled, targets) < log_loss(logits, targets)


def test_perfect_and_useless_predictions_stay_in_bounds():
    targets = np.arange(40) % 4
    perfect = calibration.fit_temperature(10 * np.eye(4)[targets], targets)
    useless = calibration.fit_temperature(10 * np.eye(4)[(targets + 1) % 4], targets)
    assert 1e-3 <= perfect < 2 and 500 < useless <= 1e3 * 1.001
    assert calibration.fit_temperature(np.ones((4, 3)), np.zeros(4, int)) == 1.0


def test_refusals():
    with pytest.raises(ValueError, match="temperature above zero; got 0"):
        calibration.apply(np.zeros((2, 2)), 0.0)
    with pytest.raises(ValueError, match="rows sum to one"):
        calibration.checked_chances(np.ones((2, 2)), np.zeros(2, int))
    with pytest.raises(ValueError, match="targets from 0 to 2; got 0 to 3"):
        calibration.fit_temperature(np.zeros((2, 3)), np.array([0, 3]))
    with pytest.raises(ValueError, match="finite logits; got NaN"):
        calibration.fit_temperature(np.array([[np.nan, 1.0]]), np.array([0]))
    with (
        unchecked(),
        pytest.raises(ValueError, match=r"logits \[items, classes\] and targets \[items\]; got \(2,\) and \(2,\)"),
    ):
        calibration.fit_temperature(np.zeros(2), np.zeros(2, int))
