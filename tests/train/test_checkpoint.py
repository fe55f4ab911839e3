"""Checkpoints are either good or passed over: torn, changed, empty and foreign files, and a disk that is full."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import elsewhere
import pytest
import resumable
import torch

from epochal.core.errors import RunDirectoryError
from epochal.core.run import Budget
from epochal.train.checkpoint import Checkpoints, random_state, restore_random_state, write_atomically
from epochal.train.fit import fit

SPACE = 400_000  # bytes of the small disk


def state(number: int, size: int = 1000) -> dict[str, Any]:
    """A state with all that states hold: tensors of several kinds, integer keys, nested lists, none and numbers."""
    generator = torch.Generator().manual_seed(number)
    return {
        "step": number,
        "weights": torch.rand(size, generator=generator),
        "moments": {0: {"step": torch.tensor(float(number)), "seen": torch.arange(3)}, 1: None},
        "groups": [{"rate": 0.1, "betas": [0.9, 0.999], "nesterov": False}, []],
        "mask": torch.tensor([True, False]),
        "half": torch.ones(2, 2, dtype=torch.bfloat16),
        "empty": {},
        "exact": 0.1 + 0.2,
    }


def same(first: Any, second: Any) -> bool:
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return type(first) is type(second) and first == second


@pytest.fixture
def two(tmp_path: Path) -> tuple[Checkpoints, Path, Path]:
    """Checkpoints of steps 10 and 20, and the paths of both."""
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.write(10, state(10))
    checkpoints.write(20, state(20))
    older, newer = sorted(checkpoints.folder.iterdir())
    return checkpoints, older, newer


def test_a_state_comes_back_as_it_went(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "deep" / "folder")
    assert checkpoints.read() is None
    checkpoints.write(7, state(7))
    assert same(checkpoints.read(), state(7))


def test_tensors_that_share_memory_or_are_views_come_back(tmp_path: Path) -> None:
    base = torch.arange(24.0).reshape(4, 6)
    image = torch.rand(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    kept = {"base": base, "again": base, "view": base[1:, ::2], "transposed": base.T, "image": image}
    Checkpoints(tmp_path).write(1, kept)
    assert same(Checkpoints(tmp_path).read(), kept)


def test_the_newest_and_the_one_before_it_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2, 10, 200):
        checkpoints.write(step, state(step))
    assert sorted(int(path.name[:12]) for path in tmp_path.iterdir()) == [10, 200]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_torn_checkpoint_is_passed_over(two: tuple[Checkpoints, Path, Path], share: float) -> None:
    checkpoints, _, newer = two
    data = newer.read_bytes()
    newer.write_bytes(data[: int(share * len(data))])
    assert same(checkpoints.read(), state(10))


def test_one_byte_too_few_or_too_many_is_noticed(two: tuple[Checkpoints, Path, Path]) -> None:
    checkpoints, _, newer = two
    data = newer.read_bytes()
    for damaged in (data[:-1], data + b"\0"):
        newer.write_bytes(damaged)
        assert same(checkpoints.read(), state(10))


def test_every_flipped_bit_is_noticed(two: tuple[Checkpoints, Path, Path]) -> None:
    checkpoints, _, newer = two
    data = newer.read_bytes()
    for place in (0, 7, 8, 100, len(data) // 2, len(data) - 1):  # the length, the header, and the numbers
        damaged = bytearray(data)
        damaged[place] ^= 1
        newer.write_bytes(damaged)
        assert same(checkpoints.read(), state(10)), place


def test_where_all_are_damaged_there_is_none(two: tuple[Checkpoints, Path, Path]) -> None:
    checkpoints, older, newer = two
    older.write_bytes(b"")
    newer.write_bytes(b"no checkpoint")
    assert checkpoints.read() is None


def test_after_damage_the_training_that_starts_again_keeps_its_checkpoints(two: tuple[Checkpoints, Path, Path]) -> None:
    # Damaged files of later steps must not push out what is written now.
    checkpoints, older, newer = two
    older.write_bytes(b"")
    newer.write_bytes(b"")
    for step in (3, 6, 9):
        checkpoints.write(step, state(step))
        assert same(checkpoints.read(), state(step))
    assert sorted(int(path.name[:12]) for path in checkpoints.folder.iterdir()) == [6, 9]


def test_files_of_others_are_neither_read_nor_removed(two: tuple[Checkpoints, Path, Path]) -> None:
    checkpoints, _, _ = two
    names = (
        "my-model.safetensors",
        "zz-1.safetensors",
        "zz-2.safetensors",
        "notes.txt",
        "a-b-c.safetensors",
        ".hidden",
    )
    for name in names:
        (checkpoints.folder / name).write_text("not a checkpoint")
    (checkpoints.folder / "folder-of.safetensors").mkdir()
    assert same(checkpoints.read(), state(20))
    checkpoints.write(30, state(30))
    checkpoints.write(40, state(40))
    assert same(checkpoints.read(), state(40))
    checkpoints.clear()
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == sorted([*names, "folder-of.safetensors"])


def test_what_a_killed_process_left_half_written_is_harmless_and_swept(two: tuple[Checkpoints, Path, Path]) -> None:
    checkpoints, _, newer = two
    leftover = newer.with_name(f".{30:012d}-{'a' * 32}.safetensors.4242.tmp")
    leftover.write_bytes(newer.read_bytes()[:100])
    assert same(checkpoints.read(), state(20))
    checkpoints.write(30, state(30))
    assert not leftover.exists()
    leftover.write_bytes(b"again")
    checkpoints.clear()
    assert not checkpoints.folder.exists()


def test_clearing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    Checkpoints(tmp_path / "nothing").clear()


def test_a_training_goes_on_from_the_last_good_checkpoint(tmp_path: Path) -> None:
    budget, folder = Budget(examples=48 * 20), tmp_path / "checkpoints"
    expected = fit(resumable.trainee(), budget, 3)[1]
    fit(resumable.trainee(), budget, 3, checkpoints=Checkpoints(folder), every=0.0)
    older, newer = sorted(folder.iterdir())
    newer.write_bytes(newer.read_bytes()[:-40])
    saved = Checkpoints(folder).read()
    assert saved is not None
    assert saved["state"]["step"] == int(older.name[:12]) == 18
    assert fit(resumable.trainee(), budget, 3, checkpoints=Checkpoints(folder))[1].curve == expected.curve


def test_random_state_goes_back_and_forth() -> None:
    torch.manual_seed(1)
    before = random_state()
    first = torch.rand(5)
    restore_random_state(before)
    assert torch.equal(torch.rand(5), first)


def test_an_atomic_write_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [child.name for child in path.parent.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunDirectoryError, match=r"Cannot write .*\. Choose another folder with --out\."):
        Checkpoints(tmp_path / "file" / "checkpoints").write(1, state(1))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for `SPACE` bytes."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SPACE}", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount on this system; the limit on the size of a file is tested instead")
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here ({mounted.stderr.strip()}); see the limit on the size of a file")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_a_clear_error_and_harms_nothing(small_disk: Path) -> None:
    checkpoints = Checkpoints(small_disk / "checkpoints")
    checkpoints.write(10, state(10))
    with pytest.raises(RunDirectoryError) as caught:
        checkpoints.write(20, state(20, size=SPACE))  # four bytes each
    assert str(caught.value).startswith("The disk is full: 000000000020-")
    assert "(1.6 MB) could not be written to" in str(caught.value)
    assert str(caught.value).endswith("Finished runs are kept. Free some space, then continue with --resume.")
    assert [path.name[:12] for path in checkpoints.folder.iterdir()] == ["000000000010"], "nothing half written is left"
    assert same(checkpoints.read(), state(10))
    checkpoints.write(30, state(30))  # and there is room again
    assert same(checkpoints.read(), state(30))


def test_a_training_on_a_full_disk_resumes_when_there_is_room(small_disk: Path) -> None:
    budget, folder = Budget(examples=48 * 20), small_disk / "checkpoints"
    expected = fit(resumable.trainee(), budget, 3)[1]

    def fill(point: Any, steps: int) -> None:
        if point.step == 10:
            (small_disk / "ballast").write_bytes(
                b"\0" * (os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize)
            )

    with pytest.raises(RunDirectoryError, match="The disk is full"):
        fit(resumable.trainee(), budget, 3, checkpoints=Checkpoints(folder), every=0.0, watch=fill)
    saved = Checkpoints(folder).read()
    assert saved is not None
    assert saved["state"]["step"] == 9
    (small_disk / "ballast").unlink()
    assert fit(resumable.trainee(), budget, 3, checkpoints=Checkpoints(folder))[1].curve == expected.curve


def test_a_file_that_may_not_grow_is_a_clear_error(tmp_path: Path, start: Callable[..., Any]) -> None:
    # Needs no rights: the system refuses the write in the middle, as a full disk does.
    start(elsewhere.fill_checkpoints, tmp_path / "checkpoints", tmp_path / "found.json").join(60)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["said"].startswith("The disk is full: 000000000020-")
    assert found["sum"] == 1000
    assert found["file"] == "old", "what was there is replaced at once or not at all"
    assert [name[:12] for name in found["left"]] == ["000000000010"]
