"""What every network of the ladders of tables promises of widths, and which options it refuses; all else is in
`test_ladders.py`."""

import pytest
import torch
from ladders import NETWORKS
from torch import Tensor, nn
from torch.nn import functional

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.data.table.rows import TABLE_CLASSES
from epochal.models.catalogue import build

RECIPES: dict[str, Recipe] = {case.name: case.recipe for case in NETWORKS if case.kind == TABLE_CLASSES}


def task(width: int = 12, classes: int = 5, numbers: int = 4) -> Task:
    labels = tuple(str(number) for number in range(classes))
    places = tuple(range(min(numbers, width)))
    return Task(name="t", item="row", input_shape=(width,), numbers=places, labels=labels, counts={}, fingerprint="f")


def network(name: str, where: Task, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return build(RECIPES[name].with_options(**options), where)


def rows(count: int, where: Task) -> Tensor:
    return torch.randn(count, *where.input_shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", RECIPES)
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
