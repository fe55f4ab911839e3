"""The command line: which commands there are, and what becomes of their errors. Nothing is decided here."""

import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from epochal import __version__
from epochal.core.errors import MissingExtraError, UserError

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130

# Each command with the module that holds it, and its line in `epochal --help`: no module is imported for that.
COMMANDS = {
    "climb": ("epochal.commands.climb", "Run the ladder of approaches on your labelled images or your table."),
    "why": ("epochal.commands.why", "Say which ingredients of a network carry its result on your data."),
    "refit": ("epochal.commands.refit", "Bundle the winner of a climb again: trained on more data, or an ensemble."),
    "predict": ("epochal.commands.predict", "Predict pictures, or the rows of a table, with a bundle."),
    "evaluate": ("epochal.commands.evaluate", "Score a bundle on labelled pictures or rows."),
    "compare": ("epochal.commands.compare", "Compare predictions of any tools on the same items."),
    "report": ("epochal.commands.report", "Show and rewrite the report of a climb, or export its metrics."),
    "milestone": ("epochal.commands.milestone", "Run the claims of the field's history as experiments."),
    "atlas": ("epochal.commands.atlas", "Write the atlas: a static site of the history, from results."),
    "train": ("epochal.commands.train", "Train one rung by itself."),
    "ladder": ("epochal.commands.ladder", "List the rungs for images or for tables, and their papers."),
    "data": ("epochal.commands.data", "List, get and check data sets."),
    "doctor": ("epochal.commands.doctor", "Show what this machine has, and how fast it is."),
}


class LazyGroup(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="epochal")
def cli() -> None:
    """Climb the history of machine learning on your own images or tables.

    From a majority guess and hand-made features up to residual networks, each at the same budget and on several
    seeds: what each breakthrough buys on your data, and whether you need deep learning at all. Any command takes
    --debug, which shows the traceback of an error.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 1 for a failed training, 2 for input that cannot be used,
    130 after Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    plain = [word for word in given if word != "--debug"]
    _show_any_name()
    try:
        return int(cli.main(plain, prog_name="epochal", standalone_mode=False) or 0)
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        return _refused(error.format_message(), given)
    except (UserError, MissingExtraError) as error:
        return _refused(str(error), given)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            where = f": no space for {error.filename}" if error.filename else ""
            return _refused(f"the disk is full{where}. Free some, and run it again.", given)
        if plain != given:
            raise
        _complain(f"{type(error).__name__}: {error} (this is a fault of epochal; --debug shows where)")
        return FAILED


def _show_any_name() -> None:
    """Where the output's encoding has no such letter, or a name is no valid text, that letter alone is escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _refused(message: str, given: Sequence[str]) -> int:
    if "--debug" in given:
        import traceback

        traceback.print_exc()
    _complain(message)
    return BAD_INPUT


def _complain(message: str) -> None:
    """One line on the standard error, "error:" in red where that is a terminal that wants colours."""
    color: Any = False if os.environ.get("NO_COLOR") else None
    click.echo(f"{click.style('error:', fg='red', bold=True)} {' '.join(message.split())}", err=True, color=color)
