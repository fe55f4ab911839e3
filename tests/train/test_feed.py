"""Feeds: every epoch shows every image once, any batch can be cut by itself, and the seed decides all of it."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from epochal.core.protocols import Batch
from epochal.data.feed import ArrayFeed, WholeFeed
from epochal.data.image.augment import AUGMENTATIONS, augmentations
from epochal.data.image.codec import Codec

MEAN, STD = (0.2, 0.5, 0.7), (0.25, 0.3, 0.2)
tensors = Codec(mode="rgb", height=8, width=8, mean=MEAN, std=STD).tensors


def numbered(count: int, side: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Random colour images, and targets that are their numbers."""
    images = np.random.default_rng(count).integers(0, 256, (count, 3, side, side), dtype=np.uint8)
    return images, np.arange(count)


def feed(
    count: int = 23, batch_size: int = 5, side: int = 4, names: tuple[str, ...] = (), layout: str = "contiguous"
) -> ArrayFeed:
    images, targets = numbered(count, side)
    made = augmentations(names, images)
    return ArrayFeed(images, targets, batch_size=batch_size, tensors=tensors, augmentations=made, memory_format=layout)


def take(source: ArrayFeed, number: int, seed: int = 0, start: int = 0) -> list[Batch]:
    return list(islice(source.batches(None, seed, start), number))


def order(source: ArrayFeed, number: int, seed: int = 0, start: int = 0) -> list[int]:
    return torch.cat([batch.targets for batch in take(source, number, seed, start)]).tolist()


@pytest.mark.parametrize("count, batch_size", [(23, 5), (20, 5), (7, 7), (3, 8), (1, 4), (10, 1), (5, 12)])
def test_every_epoch_shows_every_image_once(count: int, batch_size: int) -> None:
    epochs = 4
    steps = -(-epochs * count // batch_size)
    batches = take(feed(count, batch_size), steps)
    assert all(len(batch.inputs) == len(batch.targets) == batch_size for batch in batches)
    seen = torch.cat([batch.targets for batch in batches]).tolist()
    for epoch in range(epochs):
        assert sorted(seen[epoch * count : (epoch + 1) * count]) == list(range(count))


def test_epochs_have_different_orders() -> None:
    seen = order(feed(50, 10), 10)
    assert seen[:50] != seen[50:]
    assert seen[:50] != sorted(seen[:50])


@pytest.mark.parametrize("names", [(), ("flip", "crop")])
@pytest.mark.parametrize("count, batch_size", [(23, 5), (3, 8), (7, 7)])
def test_a_batch_is_the_same_wherever_one_starts(count: int, batch_size: int, names: tuple[str, ...]) -> None:
    source = feed(count, batch_size, side=8, names=names)
    whole = take(source, 15, seed=4)
    for start in range(15):
        for expected, found in zip(whole[start:], take(source, 15 - start, seed=4, start=start), strict=True):
            assert torch.equal(expected.inputs, found.inputs)
            assert torch.equal(expected.targets, found.targets)


def test_the_seed_changes_the_order_and_nothing_else_does() -> None:
    assert order(feed(), 5, seed=1) == order(feed(), 5, seed=1)
    assert order(feed(), 5, seed=1) != order(feed(), 5, seed=2)
    torch.manual_seed(99)
    assert order(feed(), 5, seed=1) == order(feed(names=("flip",)), 5, seed=1)


def test_images_keep_their_targets_and_are_normalised() -> None:
    images, _ = numbered(23)
    expected = (images / 255.0 - np.reshape(MEAN, (3, 1, 1))) / np.reshape(STD, (3, 1, 1))
    for batch in take(feed(), 6):
        assert batch.inputs.dtype == torch.float32
        np.testing.assert_allclose(batch.inputs.numpy(), expected[batch.targets.numpy()], atol=1e-6)


@pytest.mark.parametrize("names", [(), ("flip", "crop")])
def test_a_map_from_disk_gives_what_memory_gives(tmp_path: Path, names: tuple[str, ...]) -> None:
    images, targets = numbered(23, side=8)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    made = augmentations(names, images)
    from_disk = ArrayFeed(mapped, targets, batch_size=5, tensors=tensors, augmentations=made)
    pairs = zip(take(from_disk, 8), take(feed(side=8, names=names), 8), strict=True)
    assert all(torch.equal(one.inputs, two.inputs) and torch.equal(one.targets, two.targets) for one, two in pairs)


def test_arrays_that_may_not_be_written_are_fine() -> None:
    images, targets = numbered(6)
    images.flags.writeable = targets.flags.writeable = False
    source = ArrayFeed(images, targets, batch_size=4, tensors=tensors)
    assert len(take(source, 2)) == 2  # a warning would be an error


def test_training_does_not_change_the_images() -> None:
    images, targets = numbered(12, side=8)
    before = images.copy()
    made = augmentations(AUGMENTATIONS, images)
    source = ArrayFeed(images, targets, batch_size=12, tensors=tensors, augmentations=made)
    for batch in take(source, 3):
        batch.inputs.zero_()
    assert (images == before).all()


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentation_is_random_but_repeats(name: str) -> None:
    source = feed(10, 10, side=16, names=(name,))
    plain, first, again = (take(f, 4) for f in (feed(10, 10, side=16), source, source))
    assert all(torch.equal(one.inputs, two.inputs) for one, two in zip(first, again, strict=True))
    changed = [
        float((one.inputs != two.inputs).flatten(1).any(dim=1).float().mean())
        for one, two in zip(first, plain, strict=True)
    ]
    assert 0.2 < np.mean(changed) <= 1.0  # of the images
    other = take(source, 4, seed=1)
    assert not any(torch.equal(one.inputs, two.inputs) for one, two in zip(first, other, strict=True))


def test_the_same_image_is_augmented_anew_each_time() -> None:
    source = feed(1, 1, side=16, names=("flip", "crop"))
    shown = {batch.inputs.numpy().tobytes() for batch in take(source, 12)}
    assert len(shown) > 6


def test_colour_changes_stay_small() -> None:
    source = feed(10, 10, side=16, names=("colour_pca",))
    for one, two in zip(take(source, 2), take(feed(10, 10, side=16), 2), strict=True):
        by = (one.inputs - two.inputs) * torch.tensor(STD).view(1, 3, 1, 1)  # on the scale from 0 to 1
        assert 1e-5 < float(by.abs().mean()) < 0.05
        assert float(by.std(dim=(2, 3)).max()) < 1e-5  # one change for all pixels of an image and channel


def test_flips_are_mirror_images() -> None:
    for one, two in zip(take(feed(names=("flip",)), 5), take(feed(), 5), strict=True):
        for flipped, plain in zip(one.inputs, two.inputs, strict=True):
            assert torch.equal(flipped, plain) or torch.equal(flipped, plain.flip(2))


def test_channels_last_holds_the_same_numbers() -> None:
    for one, two in zip(take(feed(layout="channels_last"), 4), take(feed(), 4), strict=True):
        assert torch.equal(one.inputs, two.inputs)
        assert one.inputs.is_contiguous(memory_format=torch.channels_last)


def test_a_whole_feed_gives_everything_once() -> None:
    images, targets = numbered(23)
    (batch,) = WholeFeed(images, targets).batches(None, 0)
    assert batch.inputs is images
    assert batch.targets is targets
    assert list(WholeFeed(images, targets).batches(None, 0, start=1)) == []


def test_a_limited_whole_feed_chooses_by_the_seed() -> None:
    images, _ = numbered(23)
    targets = np.arange(23) % 2  # 12 zeros, 11 ones
    places = {image.tobytes(): place for place, image in enumerate(images)}
    chosen: dict[int, list[int]] = {}
    for seed in (0, 0, 1):
        (batch,) = WholeFeed(images, targets, limit=9).batches(None, seed)
        found = [places[image.tobytes()] for image in batch.inputs]
        assert len(set(found)) == 9
        assert (batch.targets == targets[found]).all()
        chosen.setdefault(seed, found)
        assert chosen[seed] == found
    assert chosen[0] != chosen[1]
    (batch,) = WholeFeed(images, targets, limit=100).batches(None, 0)
    assert len(batch.targets) == 23


@pytest.mark.parametrize("limit", [1, 10, 50, 99])
def test_a_limited_whole_feed_keeps_every_class_in_proportion(limit: int) -> None:
    # A class of two in a thousand would be missing from most subsets that are drawn blindly.
    targets = np.random.default_rng(3).permutation(np.repeat([0, 1, 2, 5], [700, 250, 48, 2]))
    images = np.zeros((1000, 1, 2, 2), np.uint8)
    for seed in range(5):
        (batch,) = WholeFeed(images, targets, limit=limit).batches(None, seed)
        found = np.bincount(batch.targets, minlength=6)[[0, 1, 2, 5]]
        wanted = np.maximum(1, np.round(np.array([700, 250, 48, 2]) * limit / 1000))
        assert found.tolist() == wanted.tolist()
        assert abs(len(batch.targets) - limit) <= 3
