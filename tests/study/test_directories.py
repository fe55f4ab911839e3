"""Where runs are kept: outside the data, at an absolute place, and nowhere after a failure."""

import os
from pathlib import Path

import pytest

from epochal.core.errors import DataError, RunDirectoryError, UserError
from epochal.core.paths import absolute
from epochal.study.directories import choose_directory, source_name
from epochal.study.ladder import climb
from epochal.train.store import INDEX


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "photos.v2"
    (folder / "cats").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def test_a_tilde_is_the_home_folder_and_a_relative_path_is_settled_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert absolute("~/run") == tmp_path / "run"
    assert absolute("a/../run") == tmp_path / "run"
    assert absolute("~no-such-user-here/run") == tmp_path / "~no-such-user-here" / "run", "as shells take it"


def test_without_a_home_or_a_current_folder_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(UserError, match="~ stands for your home folder, and none is known here. Set HOME"):
        absolute("~/run")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UserError, match="the current folder no longer exists"):
        absolute("run")
    assert absolute("/run") == Path("/run")


def test_the_current_folder_as_data_has_a_name_and_its_runs_lie_next_to_it(photos: Path) -> None:
    assert source_name(".") == source_name(str(photos)) == source_name("cats/..") == "photos.v2"
    assert choose_directory(None, ".") == photos.parent / "runs" / "photos.v2"
    os.chdir("cats")
    assert choose_directory(None, "..") == photos.parent / "runs" / "photos.v2"
    os.chdir(photos.parent)
    assert choose_directory(None, photos) == photos.parent / "runs" / "photos.v2"
    assert choose_directory(None, "digits", name="mlp-digits") == photos.parent / "runs" / "mlp-digits"
    assert (source_name("labels.csv"), source_name(([0], [1])), source_name("/")) == ("labels", "arrays", "data")


def test_a_run_inside_the_data_is_refused_unless_it_is_resumed(photos: Path) -> None:
    (photos.parent / "link").symlink_to(photos)
    for out in ("run", str(photos / "cats" / "run"), str(photos.parent / "link" / "run"), "."):
        with pytest.raises(RunDirectoryError, match="lies inside the data.*Choose a folder outside it with --out"):
            choose_directory(out, ".")
    old = photos / "runs" / "old"
    old.mkdir(parents=True)
    (old / INDEX).touch()
    assert choose_directory(old, ".", resume=True) == old


def test_a_taken_place_is_numbered_away_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "digits").mkdir(parents=True)
    (tmp_path / "runs" / "digits" / INDEX).touch()
    assert choose_directory(None, "digits") == tmp_path / "runs" / "digits-2"
    assert choose_directory(None, "digits", anew=False) == tmp_path / "runs" / "digits"


def test_a_climb_that_fails_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for out in (None, "deep/er/run", "mine"):
        with pytest.raises(DataError, match="neither a path"):
            climb("no-such-set", budget="60s", out=out)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert not any((tmp_path / "mine").iterdir())


def test_a_climb_means_the_same_after_a_change_of_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    climbed = climb("digits", budget="8s", seeds=1, rungs=("majority",), out="run")
    monkeypatch.chdir("/")
    assert climbed.report == tmp_path / "run" / "report.html" and climbed.report.exists()
    assert len(climbed.bundle.labels) == 10
