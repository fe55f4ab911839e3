"""A small training with everything in it that a resume could get wrong, to be run, killed and compared."""

import hashlib
import json
import time
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from epochal.core.protocols import ClassScores
from epochal.core.recipe import Recipe
from epochal.core.run import Budget, Run
from epochal.data.feed import ArrayFeed
from epochal.data.image.augment import augmentations
from epochal.data.image.codec import Codec
from epochal.models.predictor import NetworkPredictor
from epochal.train.checkpoint import Checkpoints
from epochal.train.fit import fit
from epochal.train.objectives import CrossEntropy
from epochal.train.trainee import Trainee

CODEC = Codec(mode="grey", height=8, width=8, mean=(0.305,), std=(0.377,))
RECIPE = Recipe(
    model="small",
    optimiser="adam",
    learning_rate=0.003,
    weight_decay=1e-4,
    schedule="one_cycle",
    warmup=0.05,
    clip=1.0,
    ema=0.95,
    augment=("flip", "crop"),
    batch_size=48,  # does not divide 1,400: epochs end in the middle of a batch
)


@cache
def digits() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(images uint8 [n, 1, 8, 8], targets int64 [n]) for training (1,400) and validation (397)."""
    images, targets = load_digits(return_X_y=True)
    pixels = np.round(images * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    order = np.random.default_rng(0).permutation(len(pixels))
    pixels, targets = pixels[order], targets[order].astype(np.int64)
    return (pixels[:1400], targets[:1400]), (pixels[1400:], targets[1400:])


class Small(nn.Module):
    """Convolution, batch normalisation, dropout: running statistics and random numbers to be carried over."""

    def __init__(self, width: int = 8):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(32 * width, 10),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class Accuracy:
    """Loss and accuracy on the validation digits."""

    def __call__(self, predictor: Any) -> dict[str, float]:
        images, targets = digits()[1]
        logits = torch.from_numpy(predictor(images).logits)
        loss = nn.functional.cross_entropy(logits, torch.from_numpy(targets))
        return {
            "loss": float(loss),
            "score": float((logits.argmax(1).numpy() == targets).mean()),
        }


class AtTheEnd(Accuracy):
    """The same, and what the random numbers have come to, which `fit` gives back to its caller as they were."""

    def __call__(self, predictor: Any) -> dict[str, float]:
        drawn = hashlib.sha256(torch.get_rng_state().numpy().tobytes()).digest()
        return super().__call__(predictor) | {"random": float(int.from_bytes(drawn[:6], "big"))}


def scores(outputs: np.ndarray) -> ClassScores:
    return ClassScores(logits=outputs)


def trainee(recipe: Recipe = RECIPE, model: nn.Module | None = None, seed: int = 0) -> Trainee:
    """A network on the digits, ready for `fit`."""
    torch.manual_seed(seed)
    images, targets = digits()[0]
    layout = torch.channels_last if recipe.memory_format == "channels_last" else torch.contiguous_format
    return Trainee(
        recipe=recipe,
        task="digits",
        model=(model or Small()).to(memory_format=layout),
        feed=ArrayFeed(
            images,
            targets,
            batch_size=recipe.batch_size,
            tensors=CODEC.tensors,
            augmentations=augmentations(recipe.augment, images),
            memory_format=recipe.memory_format,
        ),
        objective=CrossEntropy(recipe.label_smoothing),
        per_step=recipe.batch_size,
        glance=Accuracy(),
        judge=AtTheEnd(),
        predictor=lambda model: NetworkPredictor(model=model, codec=CODEC, answer=scores),
    )


def digest(tensors: dict[str, Tensor]) -> str:
    """sha256 of names and bytes: equal only where every bit is."""
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        found.update(name.encode())
        found.update(tensor.detach().contiguous().numpy().tobytes())
    return found.hexdigest()


def outcome(predictor: NetworkPredictor, trained: nn.Module, run: Run) -> dict[str, Any]:
    """All that must be the same after a resume."""
    return {
        "weights": digest(trained.state_dict()),
        "kept": digest(predictor.model.state_dict()),
        "curve": [point.to_dict() for point in run.curve],
        "scores": dict(run.scores),
        "status": run.status,
        "steps": run.cost.steps,
        "course": [list(turn) for turn in run.course],
        "best": run.kept,
    }


def train(folder: Path, examples: int, changes: dict[str, Any], every: float) -> None:
    """Train, or continue from the checkpoints in `folder`, and leave the outcome there as JSON."""
    torch.set_num_threads(1)
    folder.mkdir(exist_ok=True)
    this = trainee(RECIPE.replace(**changes))
    (folder / "alive").touch()
    try:
        predictor, run = fit(
            this,
            Budget(examples=examples),
            5,
            checkpoints=Checkpoints(folder / "checkpoints"),
            every=every,
            watch=lambda point, steps: (folder / f"point-{point.step}").touch(),
        )
    except KeyboardInterrupt:
        (folder / "interrupted").touch()
        return
    result = outcome(predictor, this.model, run) | {"seconds": run.cost.seconds}  # type: ignore[arg-type]
    (folder / "outcome.json").write_text(json.dumps(result))


def wait_for(path: Path, process: BaseProcess, seconds: float = 60.0) -> None:
    """Until the process has made that file."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.exitcode is None, f"the process ended with {process.exitcode}"
        assert time.monotonic() < end, f"{path.name} did not appear in {seconds} s"
        time.sleep(0.002)
