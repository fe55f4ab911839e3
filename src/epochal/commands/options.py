"""Options and output that several commands share."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from epochal.data.image.options import ReadOptions
    from epochal.report.result import ClimbResult

_READING = (
    click.option("--size", type=int, metavar="PIXELS", help="Side of the square that models see, 8 to 224."),
    click.option("--resize", type=click.Choice(["stretch", "crop"]), help="How a picture becomes that square."),
    click.option("--channels", type=click.Choice(["auto", "grey", "rgb"]), help="Colours that models see."),
    click.option(
        "--white", type=float, metavar="VALUE", help="Value of white in arrays and in files deeper than 8 bits."
    ),
    click.option("--image", metavar="COLUMN", help="Column that names the picture files."),
    click.option("--label", metavar="COLUMN", help="Column with the label: what is to be predicted."),
    click.option("--numeric-classes", is_flag=True, default=None, help="Each number in the labels names a class."),
    click.option("--group", metavar="COLUMN", help="Column of groups that stay in one split: a patient, a site."),
    click.option(
        "--split", metavar="COLUMN", help='Column that says train, validation or test; "none": ignore splits.'
    ),
    click.option(
        "--test-fraction",
        type=float,
        metavar="FRACTION",
        help="Share of all examples for test, where no test split is published.",
    ),
    click.option(
        "--validation-fraction",
        type=float,
        metavar="FRACTION",
        help="Share for validation, of all examples or of the published training split.",
    ),
    click.option(
        "--split-seed", "seed_of_split", type=int, metavar="N", help="Decides which example goes to which split."
    ),
    click.option("--max-examples", type=int, metavar="N", help="Read at most N pictures."),
)
NAMES = {  # of the options, as commands have them, and as fields of `ReadOptions`
    "size": "size",
    "resize": "resize",
    "channels": "channels",
    "white": "white",
    "image": "image",
    "label": "label",
    "numeric_classes": "numeric_classes",
    "group": "group",
    "split": "split",
    "test_fraction": "test_fraction",
    "validation_fraction": "validation_fraction",
    "seed_of_split": "seed",
    "max_examples": "max_examples",
}


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of how its data is read."""
    for option in reversed(_READING):
        command = option(command)
    return command


def read_options(values: dict[str, Any]) -> "ReadOptions | None":
    """Take the reading options out of a command's values; None where none was given."""
    from epochal.data.image.options import ReadOptions

    given = {field: values.pop(name, None) for name, field in NAMES.items()}
    given = {field: value for field, value in given.items() if value is not None}
    return ReadOptions(**given) if given else None


def run_directory(out: "Path | None", resume: "Path | None") -> "Path | None":
    """The directory that one of --out and --resume names.

    Raises:
        UsageError: both were given.
    """
    if resume is not None and out is not None:
        raise click.UsageError(
            "--resume names the run directory already: leave out --out.", click.get_current_context()
        )
    return resume or out


def say(line: str) -> None:
    """A line of progress, on the standard error: the standard output is for results."""
    click.echo(line, err=True)


def loading() -> Callable[[str, int, int], None] | None:
    """What shows how far a download or the decoding of pictures is: a line that is written over, in a terminal only."""
    return _load if sys.stderr.isatty() else None


def _load(what: str, done: int, total: int) -> None:
    """The total is 0 where the size of a download is not known."""
    share = f"{done / total:4.0%}" if total else f"{done / 1e6:.1f} MB"
    click.echo(f"\r{what}: {share} ", nl=done == total, err=True)


def on_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def show_climb(result: "ClimbResult") -> None:
    """The headline, the leaderboard and the reasons: a table in a terminal, aligned text everywhere else."""
    from epochal.report.table import plain_table, sentences, shipped_score, terminal_table, without_score
    from epochal.report.view import headline

    if first := headline(result):
        click.echo(f"{first}\n")
    if on_terminal():
        from rich.console import Console

        console = Console()
        console.print(terminal_table(result, console.width))
    else:
        click.echo(plain_table(result))
    click.echo()
    missing = without_score(result)
    for line in [*missing, *[""] * bool(missing)]:
        click.echo(line)
    for line in (shipped_score(result), *sentences(result)):
        if line:
            click.echo(line)


def command_line() -> str:
    """The command as it was typed, quoted so that it can be run again."""
    import shlex

    return shlex.join(["epochal", *sys.argv[1:]])
