"""What every network of the ladder of images promises of sizes and layouts; all else is in `test_ladders.py`."""

import pytest
import torch
from ladders import NETWORKS
from torch import Tensor, nn

from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.image_ladder import RUNGS
from epochal.kinds.table import IMAGE_CLASSES
from epochal.models.catalogue import build

RECIPES: dict[str, Recipe] = {case.name: case.recipe for case in NETWORKS if case.kind == IMAGE_CLASSES}
DEFAULTS = [name for name in RECIPES if name in RUNGS]
SHAPES = [(channels, side, side) for channels in (1, 3) for side in (8, 16, 28, 32, 64)]
SHAPES += [(3, 96, 96), (1, 28, 40), (3, 65, 33), (1, 9, 31), (3, 31, 9)]


def task(channels: int, height: int, width: int, classes: int = 5) -> Task:
    labels = tuple(str(number) for number in range(classes))
    return Task(name="t", input_shape=(channels, height, width), labels=labels, counts={}, fingerprint="f")


def network(name: str, task: Task) -> nn.Module:
    torch.manual_seed(0)
    return build(RECIPES[name], task)


def images(batch: int, task: Task) -> Tensor:
    return torch.randn(batch, *task.input_shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize("name", RECIPES)
def test_takes_any_size(name: str, shape: tuple[int, int, int]):
    """Forward in both modes, from 8x8 up, square or not, grey or colour."""
    where = task(*shape)
    model = network(name, where)
    inputs = images(2, where)
    trained = model(inputs)
    for logits in trained if isinstance(trained, tuple) else (trained,):
        assert logits.shape == (2, 5) and logits.isfinite().all()
    with torch.no_grad():
        logits = model.eval()(inputs)
    assert logits.shape == (2, 5) and logits.isfinite().all()


@pytest.mark.parametrize("shape", [(224, 224), (224, 230), (300, 224)], ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize("name", DEFAULTS)
def test_takes_photographs(name: str, shape: tuple[int, int]):
    """The paper's own network, at and above its native size: shapes alone, because the maps would fill the memory."""
    where = task(3, *shape)
    with torch.device("meta"):
        model = build(RUNGS[name].recipe, where)
        outputs = model(torch.zeros(2, *where.input_shape))
    for logits in outputs if isinstance(outputs, tuple) else (outputs,):
        assert logits.shape == (2, 5)


@pytest.mark.parametrize("name", RECIPES)
def test_memory_format_changes_nothing(name: str):
    where = task(3, 32, 32)
    model = network(name, where).eval()
    inputs = images(3, where)
    with torch.no_grad():
        expected = model(inputs)
        model = model.to(memory_format=torch.channels_last)
        torch.testing.assert_close(model(inputs.to(memory_format=torch.channels_last)), expected, rtol=1e-4, atol=1e-4)
