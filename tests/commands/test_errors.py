"""What a user did wrong is one line and exit code 2; Ctrl-C is 130; a traceback comes only with --debug."""

import errno

import click
import pytest

from epochal import cli
from epochal.core.errors import MissingExtraError, UserError


@pytest.fixture
def raising(monkeypatch):
    """Make `epochal ladder` raise what the test says."""

    def use(error: BaseException) -> None:
        @click.command()
        def broken() -> None:
            raise error

        monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: broken)

    return use


def test_a_user_error_is_one_line(raising, capsys):
    raising(UserError("The folder is empty.\nGive another."))
    assert cli.main(["ladder"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "error: The folder is empty. Give another.\n")


def test_a_missing_extra_names_it(raising, capsys):
    raising(MissingExtraError("keras", "parity", "Comparing with Keras"))
    assert cli.main(["ladder"]) == 2
    assert "pip install 'epochal[parity]'" in capsys.readouterr().err


def test_debug_adds_the_traceback(raising, capsys):
    raising(UserError("The folder is empty."))
    assert cli.main(["ladder", "--debug"]) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("error: The folder is empty.\n")


def test_a_fault_of_ours_is_said_to_be_one(raising, capsys):
    raising(ZeroDivisionError("division by zero"))
    assert cli.main(["ladder"]) == 1
    assert capsys.readouterr().err == (
        "error: ZeroDivisionError: division by zero (this is a fault of epochal; --debug shows where)\n"
    )
    with pytest.raises(ZeroDivisionError):
        cli.main(["--debug", "ladder"])


@pytest.mark.parametrize(
    "names, told", [(("runs/photos/report.html",), ": no space for runs/photos/report.html"), ((), "")]
)
def test_a_full_disk_is_no_fault_of_ours(raising, capsys, names, told):
    raising(OSError(errno.ENOSPC, "No space left on device", *names))
    assert cli.main(["ladder"]) == 2
    assert capsys.readouterr().err == f"error: the disk is full{told}. Free some, and run it again.\n"


def test_control_c_exits_with_130(raising, capsys):
    raising(KeyboardInterrupt())
    assert cli.main(["ladder"]) == 130
    assert capsys.readouterr().err.strip() == "error: interrupted"


@pytest.mark.parametrize(
    "words, message",
    [
        (["clmib"], "No such command 'clmib'."),
        (["climb"], "Missing argument 'SOURCE'."),
        (["climb", "digits", "--seeds", "many"], "Invalid value for '--seeds': 'many' is not a valid integer."),
        (
            ["climb", "digits", "--out", "a", "--resume", "b"],
            "--resume names the run directory already: leave out --out.",
        ),
        (["climb", "digits", "--budget", "soon", "--dry-run"], "budget: expected a duration such as 90s, 20m or 1h30m"),
        (["climb", "digits", "--budget", "0", "--dry-run"], "budget: expected more than zero seconds"),
        (["climb", "digits", "--budget", "1s", "--dry-run"], "is too little for 13 rungs and 3 seeds"),
        (
            ["climb", "no/such/folder", "--dry-run"],
            "'no/such/folder' is neither a path that exists nor the name of a data set",
        ),
        (
            ["climb", "digits", "--repeat", "runs/digits", "--dry-run"],
            "--dry-run plans a new climb, and --repeat runs/digits takes over what that run decided. Leave one of",
        ),
        (["climb", "digits", "--resume", "runs/digits", "--dry-run"], "and --resume runs/digits takes over what"),
        (["climb", "digits", "--seeds", "0", "--dry-run"], "seeds: expected 1 or more, got 0."),
        (
            ["climb", "digits", "--rungs", "lenet,oracle", "--dry-run"],
            "rungs: oracle not known. The ladder has majority",
        ),
        (["climb", "digits", "--margin", "2", "--dry-run"], "margin: expected a fraction"),
        (["train", "oracle", "digits"], "rung: oracle not known. The ladder has majority"),
        (["train", "lenet", "digits", "--set", "depth"], "expected different NAME=VALUE, got depth."),
        (["train", "lenet", "digits", "--budget", "1x"], "budget: expected a duration"),
        (["predict", "nowhere", "a.jpg"], "nowhere: the folder does not exist"),
        (["report", "nowhere"], "nowhere. Give the directory that a climb named"),
        (["report", "nowhere", "--metrics", "curves.parquet"], "nowhere. Give the directory that a climb named"),
        (["ladder", "image", "--size", "500"], "500 is not in the range 8<=x<=224."),
        (["ladder", "sound"], "'sound' is not one of 'image', 'table'."),
        (["data", "get", "mnost"], "mnost"),
        (["data", "check", "no/such/folder"], "no/such/folder"),
        (["data", "check", "digits", "--size", "4"], "size must be from 8 to 224 pixels"),
    ],
)
def test_input_that_cannot_be_used(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("error: ") == 1
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == [], "nothing was written"
