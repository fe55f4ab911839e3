"""The rates that doctor prints are those that were measured."""

import time

import pytest
import torch

from epochal.study import machine


def test_a_rate_is_operations_over_the_fastest_call():
    def work() -> torch.Tensor:
        time.sleep(0.01)
        return torch.zeros(1)

    assert machine.rate(work, operations=1e9) == pytest.approx(100, rel=0.3)  # 1 GFLOP in 10 ms


def test_a_machine_goes_to_json_and_back():
    found = machine.examine()
    assert machine.Machine.from_json(found.to_json()) == found
    assert set(found.rates) == {
        f"{what} {kind}" for what in ("matrix", "convolution") for kind in ("float32", "bfloat16")
    }
    assert all(rate > 0 for rate in found.rates.values())
    assert 0 < found.memory_free <= found.memory


def test_missing_extras_are_named_with_the_way_to_get_them(monkeypatch):
    monkeypatch.setattr(machine, "EXTRAS", {"bench": ("no_such_library",), "core": ("torch",)})
    monkeypatch.setattr(machine, "measured_rates", dict)
    text = machine.examine().to_text()
    assert "missing no_such_library: pip install 'epochal[bench]'" in text
    assert "complete" in text
