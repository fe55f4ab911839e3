"""The input of images: mirroring is left out where it costs images their label, and batches are as the recipe says."""

import numpy as np
import torch

from epochal.data.image.opened import from_arrays, open_dataset
from epochal.kinds.image_input import ImageInput
from epochal.kinds.image_ladder import RUNGS


def test_mirrored_digits_are_not_recognised() -> None:
    unsuited, sentence = ImageInput().unsuited(open_dataset("digits"))
    assert unsuited == ("flip",)
    assert sentence.startswith("mirroring: not used as augmentation (the nearest neighbour recognises 9")


def test_images_that_look_alike_from_both_sides_may_be_mirrored() -> None:
    random = np.random.default_rng(0)
    half = random.integers(0, 80, (120, 8, 4)) + 60 * (np.arange(120) % 3)[:, None, None]
    images = np.concatenate([half, half[:, :, ::-1]], axis=2).astype(np.uint8)
    unsuited, sentence = ImageInput().unsuited(from_arrays(images, np.arange(120) % 3))
    assert unsuited == () and sentence.startswith("mirroring: used as augmentation")


def test_batches_are_of_the_training_split_and_as_the_recipe_says() -> None:
    dataset, recipe = open_dataset("digits"), RUNGS["resnet"].recipe.replace(batch_size=8, augment=("crop",))
    batch = next(ImageInput().feed(dataset, dataset.train.targets, recipe, "cpu").batches(None, seed=0))
    assert batch.inputs.shape == (8, 1, 8, 8) and batch.inputs.dtype == torch.float32
    assert batch.inputs.is_contiguous(memory_format=torch.channels_last)
    plain = next(
        ImageInput()
        .feed(dataset, dataset.train.targets, recipe.without_augmentations(("crop",)), "cpu")
        .batches(None, seed=0)
    )
    assert torch.equal(batch.targets, plain.targets) and not torch.equal(batch.inputs, plain.inputs)
