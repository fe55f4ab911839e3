"""Augmentations: what each may change, that it does, and that a seed repeats it."""

import numpy as np
import pytest
import torch

from epochal.data.image.augment import CARDS, colour_pca, crop, fit_colour_pca, flip


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int) -> torch.Tensor:
    return torch.randint(1, 256, shape, generator=seeded(9), dtype=torch.uint8)


@pytest.mark.parametrize("function", [flip, crop])
@pytest.mark.parametrize("shape", [(5, 1, 8, 8), (5, 3, 17, 12), (5, 3, 64, 64), (0, 3, 8, 8)])
def test_repeats_by_seed_keeps_shape_and_type_and_leaves_its_input(function, shape):
    images = noise(*shape)
    before = images.clone()
    result = function(images, seeded(1))
    assert result.shape == images.shape
    assert result.dtype == torch.uint8
    assert torch.equal(result, function(images, seeded(1)))
    assert torch.equal(images, before)
    if shape[0]:
        assert not torch.equal(result, function(images, seeded(2)))
        result.zero_()  # not a view of what came in
        assert torch.equal(images, before)


def test_flip_mirrors_each_image_alone_and_about_half_of_them():
    images = noise(2000, 1, 8, 8)
    flipped = flip(images, seeded())
    mirrored = (flipped == images.flip(3)).all(dim=(1, 2, 3))
    kept = (flipped == images).all(dim=(1, 2, 3))
    assert torch.equal(mirrored, ~kept)
    assert 900 < mirrored.sum() < 1100


@pytest.mark.parametrize("side, padding", [(8, 1), (28, 4), (32, 4), (64, 8), (4, 1)])
def test_crop_is_a_window_of_the_padded_image_and_reaches_every_place(side, padding):
    images = noise(600, 3, side, side)
    cropped = crop(images, seeded())
    padded = torch.nn.functional.pad(images, (padding,) * 4)
    places = set()
    for index in range(len(images)):
        # The corners of black tell the place: count the black rows and columns.
        black_rows = (cropped[index] == 0).all(dim=(0, 2))
        black_columns = (cropped[index] == 0).all(dim=(0, 1))
        down = padding + (int(black_rows.sum()) if black_rows[-1] else -int(black_rows.sum()))
        right = padding + (int(black_columns.sum()) if black_columns[-1] else -int(black_columns.sum()))
        assert torch.equal(cropped[index], padded[index, :, down : down + side, right : right + side])
        places.add((down, right))
    assert {down for down, _ in places} == {right for _, right in places} == set(range(2 * padding + 1))


def test_crop_pads_by_the_shorter_side():
    images = noise(300, 1, 16, 64)
    black = (crop(images, seeded()) == 0).all(dim=(1, 2)).sum(dim=1)  # columns
    assert black.max() == 2


def test_fitted_components_are_those_of_the_covariance():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (50, 3, 8, 8), dtype=np.uint8)
    images[:, 1] = images[:, 0] // 2 + images[:, 1] // 4  # correlated
    values, vectors = fit_colour_pca(images)
    colours = images.transpose(0, 2, 3, 1).reshape(-1, 3) / 255
    np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, np.cov(colours.T, bias=True), atol=1e-12)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-12)
    assert (np.diff(values) <= 0).all()
    assert (vectors[np.abs(vectors).argmax(axis=0), range(3)] > 0).all()


def test_shifts_have_the_paper_s_covariance_and_one_colour_an_image():
    images = np.random.default_rng(1).integers(0, 256, (200, 3, 8, 8), dtype=np.uint8)
    images[:, 2] = images[:, 0]
    values, vectors = fit_colour_pca(images)
    grey = torch.full((40_000, 3, 1, 2), 0.5)
    shifts = colour_pca(grey, seeded(), values, vectors) - grey
    assert torch.equal(shifts[..., 0], shifts[..., 1])
    # Deviation 0.1 lambda along each component: covariance P diag(0.1 lambda)^2 P^T.
    expected = vectors @ np.diag((0.1 * values) ** 2) @ vectors.T
    np.testing.assert_allclose(np.cov(shifts[:, :, 0, 0].T.double()), expected, atol=0.03 * expected.max())
    assert torch.equal(shifts, colour_pca(grey, seeded(), values, vectors) - grey)


def test_grey_images_and_images_of_one_colour():
    values, vectors = fit_colour_pca(np.arange(256, dtype=np.uint8).reshape(4, 1, 8, 8))
    assert vectors == [[1.0]]
    assert values[0] == pytest.approx(np.var(np.arange(256) / 255))
    values, vectors = fit_colour_pca(np.full((4, 3, 8, 8), 7, dtype=np.uint8))
    plain = torch.rand(4, 3, 8, 8, generator=seeded())
    torch.testing.assert_close(colour_pca(plain, seeded(), values, vectors), plain)


def test_large_sets_are_fitted_on_a_part_that_agrees():
    images = np.random.default_rng(0).integers(0, 256, (20_000, 3, 10, 10), dtype=np.uint8)
    values, _ = fit_colour_pca(images)
    np.testing.assert_allclose(values, np.var(np.arange(256) / 255), rtol=0.01)


def test_every_augmentation_has_a_card():
    assert set(CARDS) == {"flip", "crop", "colour_pca"}
    for name, card in CARDS.items():
        assert card.name == name
        assert card.what.endswith(".")
        assert card.when.endswith(".")
        assert str(card.year) in card.paper
