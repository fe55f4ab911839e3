"""AlexNet's windows of pooling: overlapping as in the paper, or side by side, with all else the same."""

import pytest
import torch
from torch import Tensor, nn

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.image_ladder import RUNGS
from epochal.models import alexnet, catalogue
from epochal.models.flops import parameters


def network(side: int, width: float = 1 / 8, **options: bool) -> alexnet.AlexNet:
    task = Task(name="t", input_shape=(3, side, side), labels=("a", "b", "c"), counts={}, fingerprint="f")
    torch.manual_seed(0)
    return alexnet.build(alexnet.AlexNetConfig(initialisation="he", width=width, **options), task).eval()


def poolings(model: nn.Module) -> list[tuple[int, int]]:
    return [(m.kernel_size, m.stride) for m in model.modules() if isinstance(m, nn.MaxPool2d)]


def sizes(model: alexnet.AlexNet, side: int) -> list[tuple[int, ...]]:
    maps, found = torch.zeros(1, 3, side, side), []
    for layer in model.features:
        maps = layer(maps)
        found.append(tuple(maps.shape))
    return found


@pytest.mark.parametrize(("side", "count"), [(16, 2), (33, 3)])
def test_windows_side_by_side_leave_maps_and_parameters_as_they_are(side: int, count: int):
    overlapping, apart = network(side), network(side, overlapping=False)
    assert poolings(overlapping) == [(3, 2)] * count
    assert poolings(apart) == [(2, 2)] * count
    assert sizes(overlapping, side) == sizes(apart, side)
    assert parameters(overlapping) == parameters(apart)


def test_at_the_papers_own_size_too():
    with torch.device("meta"):
        overlapping, apart = network(224, width=1.0), network(224, width=1.0, overlapping=False)
        assert poolings(apart) == [(2, 2)] * 3
        assert sizes(overlapping, 224) == sizes(apart, 224)


def test_the_window_is_all_that_changes():
    overlapping, apart = network(16), network(16, overlapping=False)
    images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    maps = overlapping.features[0](images)
    assert torch.equal(maps, apart.features[0](images))
    logits: list[Tensor] = [model(images) for model in (overlapping, apart)]
    assert not torch.allclose(*logits)


def test_overlapping_is_what_alexnet_does_unless_told_otherwise():
    assert alexnet.AlexNetConfig().overlapping
    assert catalogue.config(RUNGS["alexnet"].recipe).overlapping
    with pytest.raises(UserError, match="alexnet: option 'overlapping' is 2; it must be true or false"):
        catalogue.config(Recipe(model="alexnet", options={"overlapping": 2}))
