"""The input of images: how they reach a network, and which augmentations would cost them their label."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image
from sklearn.neighbors import KNeighborsClassifier

from epochal.core.protocols import Given, Labelled
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.data.dataset import Dataset, Examples
from epochal.data.feed import ArrayFeed
from epochal.data.image.augment import augmentations
from epochal.data.image.codec import Codec
from epochal.data.image.given import given_pictures, labelled_pictures
from epochal.data.image.opened import open_dataset
from epochal.data.image.options import ReadOptions
from epochal.data.labels import Progress

TOLERATED = 0.95  # share of its accuracy that the nearest neighbour must keep on mirrored images
THUMBNAIL = 96  # pixels
NEIGHBOURS, ASKED = 3000, 600  # examples looked at


class ImageInput:
    """`core.protocols.Input` for images."""

    name = "image"
    noun = "pictures"
    options = ReadOptions
    codec = Codec
    reads: tuple[str, ...] = ("white",)

    def claims(self, source: Any) -> tuple[bool, str]:
        """What no other input claims: its reader says what is wrong with it."""
        return True, ""

    def open(self, source: Any, options: Any, progress: Progress | None) -> Dataset:
        return open_dataset(source, options=options, progress=progress)

    def feed(self, dataset: Dataset, targets: Any, recipe: Recipe, device: str) -> ArrayFeed:
        """Batches of the training images, augmented as the recipe says."""
        train = dataset.train
        return ArrayFeed(
            train.inputs,
            targets,
            batch_size=min(recipe.batch_size, len(train)),
            tensors=dataset.codec.tensors,
            augmentations=augmentations(recipe.augment, train.inputs),
            memory_format=recipe.memory_format,
            device=device,
        )

    def unsuited(self, dataset: Dataset) -> tuple[tuple[str, ...], str]:
        """Mirroring, where mirrored validation images are not recognised by their nearest unmirrored training image;
        and the sentence that says so. Digits are not; most photographs are."""
        train, validation = _some(dataset.train, NEIGHBOURS), _some(dataset.validation, ASKED)
        neighbours = KNeighborsClassifier(1).fit(_pixels(train[0]), train[1])
        plain = neighbours.score(_pixels(validation[0]), validation[1])
        mirrored = neighbours.score(_pixels(validation[0][:, :, :, ::-1]), validation[1])
        keep = mirrored >= TOLERATED * plain
        return () if keep else ("flip",), (
            f"mirroring: {'used' if keep else 'not used'} as augmentation (the nearest neighbour recognises "
            f"{100 * plain:.0f}% of the images, and {100 * mirrored:.0f}% of them mirrored)"
        )

    def given(self, codec: Codec, inputs: Any, *, options: ReadOptions, task: Task) -> Iterator[Given]:
        """Pictures, by hundreds; see `given_pictures`. One that cannot be read is named with the reason."""
        options.validate()
        return given_pictures(codec, inputs, white=options.white)

    def labelled(
        self, codec: Codec, source: Any, *, options: ReadOptions, task: Task, progress: Progress | None
    ) -> Labelled:
        """A source of images as it was listed."""
        return labelled_pictures(codec, source, options, progress)

    def parts(self, dataset: Dataset) -> dict[str, list[int]]:
        """Pixels have no names."""
        return {}

    def show(self, dataset: Dataset, image: np.ndarray) -> dict[str, str]:
        """The image as a thumbnail."""
        return {"thumbnail": thumbnail(image)}


def thumbnail(image: np.ndarray) -> str:
    """A uint8 [channels, height, width] image as the data URI of a small PNG."""
    picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _some(examples: Examples, most: int) -> tuple[np.ndarray, np.ndarray]:
    count = len(examples)
    chosen = np.linspace(0, count - 1, min(count, most)).astype(int)
    return np.asarray(examples.inputs[chosen]), examples.targets[chosen]


def _pixels(images: np.ndarray) -> np.ndarray:
    """[n, channels, height, width] to [n, pixels], thinned to at most 32 by 32."""
    stride = max(1, max(images.shape[2:]) // 32)
    return images[:, :, ::stride, ::stride].reshape(len(images), -1).astype(np.float32)
