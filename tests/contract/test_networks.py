"""What every network of the catalogue promises, whatever its year."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.image_ladder import IMAGE_LADDER, RUNGS
from epochal.kinds.rung import NETWORK
from epochal.models.catalogue import MODELS, build

RECIPES: dict[str, Recipe] = {name: rung.members[0] for name, rung in RUNGS.items() if rung.kind == NETWORK}
# Beside the smallest of each family: the other families and the ingredients that a study swaps.
RECIPES |= {
    "lenet, fixed codes": RECIPES["lenet"].with_options(output="rbf"),
    "lenet, batch": RECIPES["lenet"].with_options(normalisation="batch", activation="relu"),
    "mlp, deep": RECIPES["mlp"].with_options(layers=2, activation="relu", normalisation="layer"),
    "alexnet, batch": RECIPES["alexnet"].with_options(normalisation="batch", groups=1),
    "vgg 16, group": RECIPES["vgg"].with_options(depth=16, normalisation="group"),
    "vgg, local response": RECIPES["vgg"].with_options(normalisation="local_response", initialisation="he"),
    "googlenet, batch": RECIPES["googlenet"].with_options(normalisation="batch"),
    "googlenet, alone": RECIPES["googlenet"].with_options(auxiliary=False),
    "resnet, plain": RECIPES["resnet"].with_options(depth=20, shortcuts="none"),
    "resnet, projection": RECIPES["resnet"].with_options(depth=8, shortcuts="projection", normalisation="layer"),
    "resnet, no norm": RECIPES["resnet"].with_options(depth=8, normalisation="none"),
    "resnet 18": RECIPES["resnet"].with_options(depth=18, width=1 / 16),
    "resnet 50": RECIPES["resnet"].with_options(depth=50, width=1 / 16),
    "zipcode": IMAGE_LADDER.beside["zipcode"].recipe,
    "zipcode, unshared": IMAGE_LADDER.beside["zipcode"].recipe.with_options(shared=False),
}
DEFAULTS = [name for name in RECIPES if name in RUNGS]
SHAPES = [(channels, side, side) for channels in (1, 3) for side in (8, 16, 28, 32, 64)]
SHAPES += [(3, 96, 96), (1, 28, 40), (3, 65, 33), (1, 9, 31), (3, 31, 9)]


def task(channels: int, height: int, width: int, classes: int = 5) -> Task:
    labels = tuple(str(number) for number in range(classes))
    return Task(name="t", input_shape=(channels, height, width), labels=labels, counts={}, fingerprint="f")


def network(name: str, task: Task, seed: int = 0, **options: object) -> nn.Module:
    torch.manual_seed(seed)
    return build(RECIPES[name].with_options(**options), task)


def images(batch: int, task: Task, seed: int = 0) -> Tensor:
    return torch.randn(batch, *task.input_shape, generator=torch.Generator().manual_seed(seed))


def loss_of(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    outputs = model(inputs)
    heads = outputs if isinstance(outputs, tuple) else (outputs,)
    return sum((functional.cross_entropy(head, targets) for head in heads), start=torch.zeros(()))


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
def test_any_batch_size_gives_the_same_answers(name: str):
    where = task(1, 16, 16)
    model = network(name, where)
    inputs = images(7, where)
    model(inputs)  # batch normalisation has seen something
    with torch.no_grad():
        model.eval()
        together = model(inputs)
        for size in (1, 2, 5):
            apart = torch.cat([model(part) for part in inputs.split(size)])
            torch.testing.assert_close(apart, together, rtol=1e-4, atol=1e-4)
        assert model(inputs[:0]).shape == (0, 5)


@pytest.mark.parametrize("name", RECIPES)
def test_every_parameter_gets_a_gradient(name: str):
    where = task(3, 32, 32)
    model = network(name, where)
    inputs = images(16, where)
    loss_of(model, inputs, torch.arange(16) % 5).backward()
    missing = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.isfinite().all() or not parameter.grad.any()
    ]
    assert not missing


@pytest.mark.parametrize("name", RECIPES)
def test_same_seed_same_weights(name: str):
    where = task(1, 16, 16)
    first, second, other = (network(name, where, seed) for seed in (3, 3, 4))
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    assert all(torch.equal(mine, yours) for mine, yours in pairs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


@pytest.mark.parametrize("name", RECIPES)
def test_its_state_makes_it_whole_again(name: str):
    where = task(1, 16, 16)
    model = network(name, where)
    inputs = images(4, where)
    model(inputs)
    again = network(name, where, seed=9)
    again.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(model.eval()(inputs), again.eval()(inputs))


def without_dropout(name: str) -> dict[str, float]:
    config = MODELS[RECIPES[name].model].config_class
    return {option: 0.0 for option in ("dropout", "auxiliary_dropout") if hasattr(config, option)}


@pytest.mark.parametrize("name", RECIPES)
def test_overfits_eight_examples(name: str):
    """Noise with labels at random can only be learned by heart; a network that cannot has a broken wire."""
    where = task(1, 16, 16, classes=4)
    model = network(name, where, **without_dropout(name))
    inputs, targets = images(8, where), torch.tensor([0, 1, 2, 3, 3, 2, 1, 0])
    optimiser = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(300):
        optimiser.zero_grad()
        loss = loss_of(model, inputs, targets)
        loss.backward()
        optimiser.step()
        if loss < 0.05:
            break
    assert loss < 0.05


@pytest.mark.parametrize("name", RECIPES)
def test_memory_format_changes_nothing(name: str):
    where = task(3, 32, 32)
    model = network(name, where).eval()
    inputs = images(3, where)
    with torch.no_grad():
        expected = model(inputs)
        model = model.to(memory_format=torch.channels_last)
        torch.testing.assert_close(model(inputs.to(memory_format=torch.channels_last)), expected, rtol=1e-4, atol=1e-4)
