"""What earlier versions wrote under other names opens under those of today."""

from epochal.core.older import modern


def test_a_refit_counted_images_and_counts_items():
    old = {"refit": {"images": 4_000, "images_before": 3_200}}
    assert modern(old) == {"refit": {"items": 4_000, "items_before": 3_200}}


def test_a_class_of_that_name_keeps_it():
    assert modern({"counts": {"images": 3, "texts": 4}}) == {"counts": {"images": 3, "texts": 4}}
