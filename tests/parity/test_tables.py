"""Networks for tables against a second writing in NumPy, and against the authors' own where it is installed."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from epochal.core.task import Task
from epochal.models import mlp, numeric_embeddings, perceptron, table_resnet

sys.path.insert(0, str(Path(__file__).parent))
from reference import Array, relu

TASK = Task(
    name="t", item="row", input_shape=(9,), numbers=(0, 1, 3), labels=("a", "b", "c"), counts={}, fingerprint="f"
)
NUMBER = TASK.replace(labels=())
Weights = dict[str, Array]


def need(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: it is the independent implementation of this test")


def rows(count: int = 7, width: int = 9) -> Tensor:
    return 2 * torch.randn(count, width, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def shaken(network: nn.Module) -> nn.Module:
    """In double precision, with gains and shifts away from one and zero, where they would hide a mistake."""
    torch.manual_seed(3)
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    for name, buffer in network.named_buffers():
        if name.endswith(("mean", "var")):
            buffer += 0.5 * torch.rand_like(buffer)
    return network.double()


def dense(weights: Weights, name: str, values: Array) -> Array:
    return values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def normal(weights: Weights, name: str, values: Array, *, train: bool) -> Array:
    if train:
        mean, variance = values.mean(0), values.var(0)
    else:
        mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    return (values - mean) / np.sqrt(variance + 1e-5) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def perceptron_1958(weights: Weights, inputs: Array, train: bool) -> Array:
    return dense(weights, "responses", inputs)


def mlp_1986(weights: Weights, inputs: Array, train: bool) -> Array:
    return dense(weights, "output", 1 / (1 + np.exp(-dense(weights, "hidden.0", inputs))))


def resnet_2021(weights: Weights, inputs: Array, train: bool) -> Array:
    values = dense(weights, "stem", inputs)
    for block in range(3):
        name = f"blocks.{block}.residual"
        inside = relu(dense(weights, f"{name}.1", normal(weights, f"{name}.0", values, train=train)))
        values = values + dense(weights, f"{name}.4", inside)
    return dense(weights, "head.2", relu(normal(weights, "head.0", values, train=train)))


def embeddings_2022(weights: Weights, inputs: Array, train: bool) -> Array:
    """Six bins of each number; the outermost have no end."""
    parts = [inputs]
    for number, edges in zip((0, 1, 3), weights["edges"], strict=True):
        for place in range(6):
            low, high = -np.inf if place == 0 else 0, np.inf if place == 5 else 1
            share = (inputs[:, number] - edges[place]) / (edges[place + 1] - edges[place])
            parts.append(np.clip(share, low, high)[:, None])
    values = np.concatenate(parts, axis=1)
    return dense(weights, "output", relu(dense(weights, "hidden.3", relu(dense(weights, "hidden.0", values)))))


RESNET = table_resnet.TableResNetConfig(hidden=12, blocks=3, dropout=0.0, residual_dropout=0.0)
EMBEDDINGS = numeric_embeddings.NumericEmbeddingsConfig(bins=6, hidden=11, dropout=0.0)
CASES: dict[str, tuple[Callable[[Task], nn.Module], Callable[[Weights, Array, bool], Array]]] = {
    "perceptron": (lambda task: perceptron.build(perceptron.PerceptronConfig(), task), perceptron_1958),
    "mlp": (lambda task: mlp.build(mlp.MlpConfig(hidden=10), task), mlp_1986),
    "table-resnet": (lambda task: table_resnet.build(RESNET, task), resnet_2021),
    "numeric-embeddings": (lambda task: numeric_embeddings.build(EMBEDDINGS, task), embeddings_2022),
}


@pytest.mark.parametrize("task", [TASK, NUMBER], ids=["classes", "number"])
@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_against_numpy(name: str, train: bool, task: Task):
    """Outputs; and along a random direction of all parameters, the slope of autograd by central differences."""
    build, reference = CASES[name]
    network = shaken(build(task)).train(train)
    weights = {key: value.detach().numpy().copy() for key, value in network.state_dict().items()}
    inputs = rows()
    outputs = network(inputs)
    np.testing.assert_allclose(outputs.detach().numpy(), reference(weights, inputs.numpy(), train), rtol=1e-9)
    mixed = rows(*outputs.shape)
    (outputs * mixed).sum().backward()
    torch.manual_seed(8)
    ways = {key: torch.randn_like(parameter) for key, parameter in network.named_parameters()}
    slope = sum(float((parameter.grad * ways[key]).sum()) for key, parameter in network.named_parameters())

    def moved(by: float) -> float:
        there = {key: value + by * ways[key].numpy() if key in ways else value for key, value in weights.items()}
        return float((reference(there, inputs.numpy(), train) * mixed.numpy()).sum())

    assert slope == pytest.approx((moved(1e-6) - moved(-1e-6)) / 2e-6, rel=1e-5)


def test_the_residual_network_against_the_authors():
    need("rtdl_revisiting_models")
    from rtdl_revisiting_models import ResNet

    theirs = shaken(
        ResNet(d_in=9, d_out=3, n_blocks=3, d_block=12, d_hidden_multiplier=2.0, dropout1=0.0, dropout2=0.0)
    )
    mine = table_resnet.build(RESNET, TASK).double()
    names = {"input_projection": "stem", "output.normalization": "head.0", "output.linear": "head.2"}
    for block in range(3):
        for place, layer in ((0, "normalization"), (1, "linear1"), (4, "linear2")):
            names[f"blocks.{block}.{layer}"] = f"blocks.{block}.residual.{place}"
    renamed = {key: f"{names[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}" for key in theirs.state_dict()}
    mine.load_state_dict({renamed[key]: value for key, value in theirs.state_dict().items()})
    inputs, mixed = rows(), rows(7, 3)
    for train in (False, True):
        ours, reference = mine.train(train)(inputs), theirs.train(train)(inputs)
        torch.testing.assert_close(ours, reference)
    (ours * mixed).sum().backward()
    (reference * mixed).sum().backward()
    gradients = {name: parameter.grad for name, parameter in mine.named_parameters()}
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(gradients[renamed[name]], parameter.grad)


def test_bins_against_the_authors():
    need("rtdl_num_embeddings")
    from rtdl_num_embeddings import PiecewiseLinearEncoding

    values = 2 * rows(200, 3)  # some beyond the last edges
    edges = torch.randn(3, 17, dtype=torch.float64, generator=torch.Generator().manual_seed(5)).sort(dim=1).values
    theirs = PiecewiseLinearEncoding(list(edges)).double()
    torch.testing.assert_close(numeric_embeddings.piecewise_linear(values, edges), theirs(values))
