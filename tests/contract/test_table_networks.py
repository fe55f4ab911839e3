"""What every network of the ladders of tables promises, whatever its year."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.rung import NETWORK
from epochal.kinds.table_ladder import TABLE_CLASSES_LADDER, TABLE_NUMBER_LADDER
from epochal.models.catalogue import MODELS, build

RECIPES: dict[str, Recipe] = {
    name: rung.recipe for name, rung in TABLE_CLASSES_LADDER.rungs.items() if rung.kind == NETWORK
}
RECIPES |= {
    "table-resnet, plain": RECIPES["table-resnet"].with_options(shortcuts=False),
    "numeric-embeddings, no bins": RECIPES["numeric-embeddings"].with_options(bins=0),
}
OF_NUMBERS = [name for name, rung in TABLE_NUMBER_LADDER.rungs.items() if rung.kind == NETWORK]
every_network = pytest.mark.parametrize("name", RECIPES)


def task(width: int = 12, classes: int = 5, numbers: int = 4) -> Task:
    labels = tuple(str(number) for number in range(classes))
    places = tuple(range(min(numbers, width)))
    return Task(name="t", item="row", input_shape=(width,), numbers=places, labels=labels, counts={}, fingerprint="f")


def network(name: str, where: Task, seed: int = 0, **options: object) -> nn.Module:
    torch.manual_seed(seed)
    return build(RECIPES[name].with_options(**options), where)


def rows(count: int, where: Task) -> Tensor:
    return torch.randn(count, *where.input_shape, generator=torch.Generator().manual_seed(0))


def without_dropout(name: str) -> dict[str, float]:
    config = MODELS[RECIPES[name].model].config_class
    return {option: 0.0 for option in ("dropout", "residual_dropout") if hasattr(config, option)}


@every_network
@pytest.mark.parametrize(
    "where",
    [task(1), task(2, 2, 0), task(300, 40, 200), task(12, 0)],
    ids=["one number", "two levels", "many", "a number to predict"],
)
def test_takes_any_width_and_answers_with_scores_or_a_number(name: str, where: Task):
    model = network(name, where)
    assert model(rows(2, where)).shape == (2, where.outputs)
    with torch.no_grad():
        outputs = model.eval()(1e6 * rows(3, where))
    assert outputs.shape == (3, where.outputs) and outputs.isfinite().all()


@every_network
def test_any_batch_size_gives_the_same_answers(name: str):
    where = task()
    model = network(name, where)
    inputs = rows(7, where)
    model(inputs)  # batch normalisation has seen something
    with torch.no_grad():
        together = model.eval()(inputs)
        for size in (1, 2, 5):
            apart = torch.cat([model(part) for part in inputs.split(size)])
            torch.testing.assert_close(apart, together, rtol=1e-4, atol=1e-4)
        assert model(inputs[:0]).shape == (0, 5)


@every_network
def test_every_parameter_gets_a_gradient(name: str):
    where = task()
    model = network(name, where)
    functional.cross_entropy(model(rows(64, where)), torch.arange(64) % 5).backward()
    missing = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.isfinite().all() or not parameter.grad.any()
    ]
    assert not missing


@every_network
def test_same_seed_same_weights_and_its_state_makes_it_whole_again(name: str):
    where = task()
    first, second, other = (network(name, where, seed) for seed in (3, 3, 4))
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    assert all(torch.equal(mine, yours) for mine, yours in pairs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))
    inputs = rows(4, where)
    first(inputs)
    other.load_state_dict(first.state_dict())
    with torch.no_grad():
        assert torch.equal(first.eval()(inputs), other.eval()(inputs))


def learn(model: nn.Module, loss_of, steps: int = 300) -> Tensor:
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = loss_of(model)
        loss.backward()
        optimiser.step()
        if loss < 0.02:
            break
    return loss.detach()


@every_network
def test_overfits_eight_examples(name: str):
    """Noise with labels at random can only be learned by heart; a network that cannot has a broken wire."""
    where = task(classes=4)
    inputs, targets = rows(8, where), torch.tensor([0, 1, 2, 3, 3, 2, 1, 0])
    model = network(name, where, **without_dropout(name))
    assert learn(model, lambda model: functional.cross_entropy(model(inputs), targets)) < 0.05


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_overfits_eight_numbers(name: str):
    where = task(classes=0)
    inputs, targets = rows(8, where), torch.tensor([0.3, -1, 2, -0.2, 1, 0.5, -2, -0.6])
    model = network(name, where, **without_dropout(name))
    assert learn(model, lambda model: functional.mse_loss(model(inputs)[:, 0], targets), 600) < 0.03


def test_bins_let_one_layer_learn_what_is_no_slope():
    """Rows whose number lies between two values are of one class: no weight of the number itself can tell."""
    where = task(width=1, classes=2, numbers=1)
    values = torch.linspace(-2, 2, 200)[:, None]
    targets = ((values[:, 0] > -0.5) & (values[:, 0] < 0.7)).long()
    model = network("numeric-embeddings", where, bins=16, hidden=16, layers=1, dropout=0.0)
    learn(model, lambda model: functional.cross_entropy(model(values), targets))
    assert (model(values).argmax(1) == targets).float().mean() > 0.95


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("table-resnet", {"blocks": 0}, r"table-resnet: option 'blocks' is 0; it must be a whole number of at least 1"),
        ("table-resnet", {"residual_dropout": 1}, r"table-resnet: option 'residual_dropout' is 1.0; it must be a num"),
        ("numeric-embeddings", {"bins": -1}, r"option 'bins' is -1; it must be a whole number of at least 0"),
        ("numeric-embeddings", {"activation": "rlu"}, r"option 'activation' is 'rlu', which is none of sigmoid, tanh"),
    ],
)
def test_what_cannot_be_built_is_explained(model: str, options: dict, message: str):
    with pytest.raises(UserError, match=message):
        build(Recipe(model=model, options=options), task())
