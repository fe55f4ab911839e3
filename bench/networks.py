"""What every loop in this folder trains: one small data set, three small networks, and a probe that keeps the time."""

import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

MEAN, STD = 0.15, 0.3  # about those of the enlarged digits, on the scale from 0 to 1
CLASSES = 10


def digits(count: int) -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits, enlarged: images uint8 [count, 1, 28, 28] and targets int64 [count].

    The 1,797 originals of 8x8 are tripled to 24x24, and laid at one of 25 places, which makes the copies differ.
    """
    from sklearn.datasets import load_digits

    source = load_digits()
    generator = np.random.default_rng(0)
    order = np.resize(generator.permutation(len(source.target)), count)
    large = np.kron(source.images * (255 / 16), np.ones((3, 3))).round().astype(np.uint8)
    images = np.zeros((count, 1, 28, 28), np.uint8)
    for image, which, (top, left) in zip(images, order, generator.integers(0, 5, (count, 2)), strict=True):
        image[0, top : top + 24, left : left + 24] = large[which]
    return images, source.target[order].astype(np.int64)


def mlp() -> nn.Module:
    """Two linear layers: about 51,000 parameters, and a step of which overhead is the largest part."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, CLASSES))


def lenet() -> nn.Module:
    """Two convolutions and two linear layers: about 55,000 parameters, and a step short enough to show overhead."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2),  # [batch, 8, 28, 28]
        nn.ReLU(),
        nn.MaxPool2d(2),  # [batch, 8, 14, 14]
        nn.Conv2d(8, 16, 5),  # [batch, 16, 10, 10]
        nn.ReLU(),
        nn.MaxPool2d(2),  # [batch, 16, 5, 5]
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, CLASSES),
    )


class Block(nn.Module):
    """Two 3x3 convolutions with batch normalisation, and a shortcut (1x1 where the shape changes)."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(after)
        same = before == after and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(before, after, 1, stride, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        inner = F.relu(self.first_norm(self.first(maps)))
        return F.relu(self.second_norm(self.second(inner)) + self.shortcut(maps))


def resnet() -> nn.Module:
    """A residual network of 8 layers, 16 to 64 channels: about 78,000 parameters in 26 tensors."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),  # [batch, 16, 28, 28]
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Block(16, 16, 1),
        Block(16, 32, 2),  # [batch, 32, 14, 14]
        Block(32, 64, 2),  # [batch, 64, 7, 7]
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, CLASSES),
    )


NETWORKS = {"mlp": mlp, "lenet": lenet, "resnet": resnet}


class Probe(nn.Module):
    """A network that notes the time whenever training calls it; the same instrument sits in every loop.

    What lies between two notes is one whole step, whatever the loop does in it: forward, loss, backward, update,
    bookkeeping, and the next batch. Building a trainer and tearing it down lie outside.

    `normalises`: takes uint8 images and normalises them itself, for loops whose feed does not.
    """

    def __init__(self, network: nn.Module, *, normalises: bool):
        super().__init__()
        self.network = network
        self.normalises = normalises
        self.times: list[float] = []

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            self.times.append(time.perf_counter())
        if self.normalises:
            images = normalise(images)
        return self.network(images)


def normalise(images: Tensor) -> Tensor:
    """(x / 255 - mean) / std of uint8 images: one multiplication and one subtraction, in place."""
    return images.float().mul_(1 / (255 * STD)).sub_(MEAN / STD)


def fresh(name: str, *, normalises: bool) -> Probe:
    """The network of that name, with the same initial weights whenever it is made."""
    torch.manual_seed(0)
    return Probe(NETWORKS[name](), normalises=normalises)


@torch.no_grad()
def loss_of(probe: Probe, images: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy on up to 2,000 examples after training: evidence that a loop did the work."""
    probe.eval()
    inputs, wanted = torch.from_numpy(images[:2000]), torch.from_numpy(targets[:2000])
    return float(F.cross_entropy(probe.network(normalise(inputs)), wanted))
