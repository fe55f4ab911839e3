"""The loops that are measured, each written as its own documentation would have it, with all that is optional off.

Every function trains the network of a `Job` and returns the `Probe` that took the time. All use the same initial
weights, batch size, float32, torch's cross-entropy (Keras: its own, from logits) and SGD with momentum 0.9, fused
(Keras: its own). All shuffle each epoch, and all normalise whole batches of uint8 images.

Three peers read through a `DataLoader`, which by default picks and stacks a batch item by item. That is what their
users do, and one row shows it; the row "batched" gives them a data set that cuts a whole batch at once
(`__getitems__`, documented in torch.utils.data.Dataset).
"""

import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

from networks import MEAN, STD, Probe, fresh

MOMENTUM = 0.9


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training: `images` uint8 [n, 1, 28, 28], `targets` int64 [n], of which `batch_size` divides n."""

    network: str
    images: np.ndarray
    targets: np.ndarray
    batch_size: int
    epochs: int
    learning_rate: float

    @property
    def steps(self) -> int:
        return self.epochs * len(self.targets) // self.batch_size

    def tensors(self) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.images), torch.from_numpy(self.targets)


def bare(job: Job) -> Probe:
    """PyTorch and nothing else, as fast as we know how to write it."""
    probe = fresh(job.network, normalises=False).train()
    optimiser = sgd(probe, job)
    images, targets = job.tensors()
    running = torch.zeros(())
    for _ in range(job.epochs):
        for index in torch.randperm(len(targets)).split(job.batch_size):
            inputs = images.index_select(0, index).float().mul_(1 / (255 * STD)).sub_(MEAN / STD)
            loss = F.cross_entropy(probe(inputs), targets.index_select(0, index))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            running += loss.detach()
    assert torch.isfinite(running)
    return probe


def epochal(job: Job) -> Probe:
    """epochal's own `fit`, whole, with its feed; only the evaluations along the way and at the end are empty."""
    from epochal.core.recipe import Recipe
    from epochal.core.run import FINISHED, Budget
    from epochal.data.feed import ArrayFeed
    from epochal.data.image.codec import Codec
    from epochal.train.fit import fit
    from epochal.train.objectives import CrossEntropy
    from epochal.train.trainee import Trainee

    recipe = Recipe(
        model=job.network,
        optimiser="momentum",
        momentum=MOMENTUM,
        learning_rate=job.learning_rate,
        schedule="constant",
        batch_size=job.batch_size,
    )
    probe = fresh(job.network, normalises=False).train()
    _, height, width = job.images.shape[1:]
    codec = Codec(mode="grey", height=height, width=width, mean=(MEAN,), std=(STD,))
    trainee = Trainee(
        recipe=recipe,
        task="digits",
        model=probe,
        feed=ArrayFeed(job.images, job.targets, batch_size=job.batch_size, tensors=codec.tensors),
        objective=CrossEntropy(),
        per_step=job.batch_size,
        glance=lambda predictor: {},
        judge=lambda predictor: {},
        predictor=lambda model: model,
    )
    _, run = fit(trainee, Budget(examples=job.steps * job.batch_size), seed=0)
    assert run.status == FINISHED, run.message
    return probe


def lightning(job: Job, data: Dataset[Any] | None = None, collate: Callable[[Any], Any] | None = None) -> Probe:
    """Lightning's Trainer in its own `barebones` mode: no logger, checkpoint, progress bar, summary or sanity check."""
    import logging

    from lightning.pytorch import LightningModule, Trainer

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)

    class Module(LightningModule):
        def __init__(self, probe: Probe):
            super().__init__()
            self.probe = probe
            self.running: Tensor = torch.zeros(())

        def training_step(self, batch: tuple[Tensor, Tensor], number: int) -> Tensor:
            inputs, targets = batch
            loss = F.cross_entropy(self.probe(inputs), targets)
            self.running += loss.detach()
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return sgd(self.probe, job)

    probe = fresh(job.network, normalises=True)
    loader: DataLoader[Any] = DataLoader(
        data or TensorDataset(*job.tensors()), batch_size=job.batch_size, shuffle=True, collate_fn=collate
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "does not have many workers", and that barebones mode is on
        trainer = Trainer(accelerator="cpu", devices=1, max_epochs=job.epochs, barebones=True)
        trainer.fit(Module(probe), loader)
    return probe


def lightning_batched(job: Job) -> Probe:
    return lightning(job, Batches(*job.tensors()), as_it_is)


def keras(job: Job) -> Probe:
    """Keras 3 on torch: `model.fit` of the same torch module in a `TorchModuleWrapper`, so that the layers are equal.

    Keras's own layers would keep their maps channels-last by default and be another network to torch. The torch
    backend runs eagerly unless asked to compile, as every other loop here.
    """
    import keras

    class Model(keras.Model):  # type: ignore[misc]
        def __init__(self, probe: Probe):
            super().__init__()
            self.wrapped = keras.layers.TorchModuleWrapper(probe)

        def call(self, images: Tensor, training: bool = False) -> Tensor:
            return self.wrapped(images, training=training)

    probe = fresh(job.network, normalises=True)
    model = Model(probe)
    model.compile(
        optimizer=keras.optimizers.SGD(job.learning_rate, momentum=MOMENTUM),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.fit(job.images, job.targets, batch_size=job.batch_size, epochs=job.epochs, shuffle=True, verbose=0)
    return probe


def skorch(job: Job, data: Dataset[Any] | None = None, **iterator: Any) -> Probe:
    """skorch's NeuralNetClassifier with every callback off and no validation split."""
    from skorch import NeuralNetClassifier

    probe = fresh(job.network, normalises=True)
    net = NeuralNetClassifier(
        probe,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        optimizer__momentum=MOMENTUM,
        optimizer__fused=True,
        lr=job.learning_rate,
        batch_size=job.batch_size,
        max_epochs=job.epochs,
        train_split=None,
        callbacks="disable",
        verbose=0,
        classes=list(range(10)),
        iterator_train__shuffle=True,
        **iterator,
    )
    if data is None:
        net.fit(job.images, job.targets)
    else:
        net.fit(data, y=None)
    assert net.module_ is probe
    return probe


def skorch_batched(job: Job) -> Probe:
    return skorch(job, Batches(*job.tensors()), iterator_train__collate_fn=as_it_is)


def transformers(job: Job, batched: bool = False) -> Probe:
    """Hugging Face's Trainer: no logging, saving, clipping, schedule, progress bar or check for NaN."""
    from transformers import PrinterCallback, Trainer, TrainingArguments

    class Module(torch.nn.Module):
        def __init__(self, probe: Probe):
            super().__init__()
            self.probe = probe

        def forward(self, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
            logits = self.probe(images)
            return {"loss": F.cross_entropy(logits, labels), "logits": logits}

    probe = fresh(job.network, normalises=True)
    optimiser = sgd(probe, job)
    names = ("images", "labels")
    data = Batches(*job.tensors(), names=names) if batched else Items(*job.tensors(), names=names)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=Module(probe),
            args=TrainingArguments(
                output_dir=folder,
                per_device_train_batch_size=job.batch_size,
                num_train_epochs=job.epochs,
                max_grad_norm=0.0,
                logging_strategy="no",
                logging_nan_inf_filter=False,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                use_cpu=True,
                dataloader_pin_memory=False,
                remove_unused_columns=False,
            ),
            train_dataset=data,
            data_collator=as_it_is if batched else None,
            optimizers=(optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1.0)),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return probe


def transformers_batched(job: Job) -> Probe:
    return transformers(job, batched=True)


def sgd(probe: Probe, job: Job) -> torch.optim.Optimizer:
    return torch.optim.SGD(probe.parameters(), lr=job.learning_rate, momentum=MOMENTUM, fused=True)


class Items(Dataset[Any]):
    """Examples one at a time, under the names that a Hugging Face model's `forward` has for them."""

    def __init__(self, *tensors: Tensor, names: tuple[str, ...]):
        self.tensors = tensors
        self.names = names

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {name: tensor[index] for name, tensor in zip(self.names, self.tensors, strict=True)}


class Batches(Dataset[Any]):
    """Whole batches cut at once: a tuple, or a dict where there are names."""

    def __init__(self, *tensors: Tensor, names: tuple[str, ...] = ()):
        self.tensors = tensors
        self.names = names

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int) -> Any:
        return self._named(tuple(tensor[index] for tensor in self.tensors))

    def __getitems__(self, indices: list[int]) -> Any:
        index = torch.tensor(indices)
        return self._named(tuple(tensor.index_select(0, index) for tensor in self.tensors))

    def _named(self, values: tuple[Tensor, ...]) -> Any:
        return dict(zip(self.names, values, strict=True)) if self.names else values


def as_it_is(batch: Any) -> Any:
    """The collate function of data that comes as whole batches."""
    return batch


PEERS: dict[str, tuple[str, str, Callable[[Job], Probe]]] = {  # name: (what the table says, distribution, loop)
    "bare": ("bare PyTorch", "torch", bare),
    "again": ("bare PyTorch, again", "torch", bare),  # the same once more: what this run's noise makes of 1.000
    "epochal": ("epochal fit", "epochal", epochal),
    "lightning": ("Lightning", "lightning", lightning),
    "lightning-batched": ("Lightning, batched", "lightning", lightning_batched),
    "keras": ("Keras on torch", "keras", keras),
    "skorch": ("skorch", "skorch", skorch),
    "skorch-batched": ("skorch, batched", "skorch", skorch_batched),
    "transformers": ("Transformers", "transformers", transformers),
    "transformers-batched": ("Transformers, batched", "transformers", transformers_batched),
}
