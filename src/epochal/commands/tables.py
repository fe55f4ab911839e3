"""Options of commands that read tables, in addition to those that all data share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from epochal.commands.options import NAMES, read_options, say

if TYPE_CHECKING:
    from epochal.data.table.options import TableOptions

_OF_TEXT = (
    click.option("--separator", metavar="CHARACTER", help='Character between the cells of a table, such as ";".'),
    click.option("--encoding", metavar="NAME", help="Encoding of a table, such as latin-1."),
    click.option(
        "--header", type=click.Choice(["auto", "yes", "no"]), help="Whether the first line of a table is its header."
    ),
)
WEIGHTS = click.option(
    "--weights", "--weight", metavar="COLUMN",
    help="Column of a table with the weight of each row, by which it counts in learning and in scores.",
)  # fmt: skip
_TABULAR = (
    click.option(
        "--task",
        type=click.Choice(["auto", "image", "table"]),
        default="auto",
        show_default=True,
        help="What the data are read as.",
    ),
    click.option("--target", type=click.Choice(["auto", "classes", "number"]), help="What the label is."),
    click.option(
        "--column", "columns", multiple=True, metavar="NAME=KIND",
        help="Kind of a column: number, category, boolean, date, text or drop.",
    ),
    click.option(
        "--keep", multiple=True, metavar="COLUMN", help="Column to keep although it looks like a leak."
    ),
    click.option("--test", metavar="FILE", help="File with the rows of the test split."),
    click.option("--time", metavar="COLUMN", help="Column of dates or times: train lies before test."),
    WEIGHTS,
    *_OF_TEXT,
    click.option("--decimal", type=click.Choice([".", ","]), help="Decimal mark of numbers."),
    click.option(
        "--day-first/--month-first", default=None, help="03/04/2024 is 3 April, or 4 March."
    ),
)  # fmt: skip
_ONLY_TABLES = (
    "target",
    "columns",
    "keep",
    "test",
    "time",
    "weights",
    "separator",
    "decimal",
    "encoding",
    "header",
    "day_first",
)
_ONLY_PICTURES = ("size", "resize", "channels", "white", "image", "numeric_classes", "max_examples")
_ALSO_TABLES = ("label", "group", "split", "test_fraction", "validation_fraction", "seed_of_split")
_APART = (*_ONLY_TABLES, *_ONLY_PICTURES)


class ByKind(click.Command):
    """A command whose help lists the options of tables and those of pictures apart from what both share."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in (
            ("Options", ()),
            ("Options of tables", _ONLY_TABLES),
            ("Options of pictures", _ONLY_PICTURES),
        ):
            options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
            found = [one for one in options if one.name in names or not (names or one.name in _APART)]
            with formatter.section(title):
                formatter.write_dl([record for one in found if (record := one.get_help_record(ctx)) is not None])


def tabular(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of how a table is read, in addition to those of `reading`."""
    for option in reversed(_TABULAR):
        command = option(command)
    return command


def of_text(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of how a text file with a table is read, where a bundle knows all else."""
    for option in reversed(_OF_TEXT):
        command = option(command)
    return command


def table_options(values: dict[str, Any], *, image: bool = False) -> "TableOptions":
    """Take the options of tables out of a command's values.

    Args:
        image: the data are pictures, and no option of tables may be given.

    Raises:
        UsageError: an option of the other kind of data was given, or --column says no NAME=KIND.
    """
    from epochal.data.table.options import TableOptions

    own = {name: values.pop(name, None) for name in _ONLY_TABLES}
    given = {name: value for name, value in own.items() if value not in (None, ())}
    if image:
        if given:
            raise click.UsageError(f"--{_flag(next(iter(given)))} is of tables, and these data are read as pictures.")
        return TableOptions()
    others = [name for name in NAMES if name not in _ALSO_TABLES and values.get(name) is not None]
    if others:
        raise click.UsageError(f"--{_flag(others[0])} is of pictures, and these data are read as a table.")
    pairs = given.pop("columns", ())
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise click.UsageError(f"--column: expected NAME=KIND, such as zip=category; got {wrong[0]}.")
    shared = {NAMES[name]: values.get(name) for name in _ALSO_TABLES}
    given |= {name: value for name, value in shared.items() if value is not None}
    return TableOptions(**given, columns=dict(pair.rsplit("=", 1) for pair in pairs))


def read_as(source: str, task: str, values: dict[str, Any]) -> tuple[str, Any]:
    """What a source is read as, "image" or "table", which is said where its contents decided; and the options of the
    reading, taken out of a command's values, None where none was given.

    Raises:
        UsageError: an option of the other kind of data was given.
        DataError: there is neither a path nor a data set of that name.
    """
    from epochal.kinds import claims

    if task == "auto":
        task, why = "image", ""
        if values.get("image") is None:
            claimed, why = claims.is_table(source)
            task = "table" if claimed else "image"
        if why:
            noun, other = ("a table", "image") if claimed else ("a list of pictures", "table")
            say(claims.read_as(source, noun, why, other))
    options = table_options(values, image=task == "image")
    if task == "image":
        return task, read_options(values)
    for name in NAMES:
        values.pop(name, None)
    return task, None if options == type(options)() else options


def _flag(name: str) -> str:
    return "column" if name == "columns" else name.replace("_", "-")
