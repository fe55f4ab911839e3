"""`epochal ladder`: the rungs, in the order of the climb."""

from typing import TYPE_CHECKING

import click

from epochal.commands.options import on_terminal

if TYPE_CHECKING:
    from epochal.core.task import Task
    from epochal.kinds.listing import LadderRow
    from epochal.kinds.rung import Ladder


@click.command()
@click.argument("kind", type=click.Choice(["image", "table"]), default="image")
@click.option("--size", type=click.IntRange(8, 224), help="Side of the images.  [default: 28]")
@click.option("--channels", type=click.Choice(["1", "3"]), help="Grey or colour.  [default: 1]")
@click.option("--classes", type=click.IntRange(min=2), help="Number of classes.  [default: 10]")
def ladder(kind: str, size: int | None, channels: str | None, classes: int | None) -> int:
    """List the rungs for KIND. With --size, --channels or --classes also the number of parameters that each network has
    for such images: that takes longer, as the networks are built.

    \b
    epochal ladder image
    epochal ladder table
    epochal ladder image --size 64 --channels 3 --classes 5
    """
    from epochal.core.task import Task
    from epochal.kinds.ladders import LADDERS

    task = None
    if (size or channels or classes) and kind != "image":
        raise click.UsageError("--size, --channels and --classes are of images. Leave them out.")
    if size or channels or classes:
        size, channels, classes = size or 28, channels or "1", classes or 10
        task = Task(
            name="ladder",
            input_shape=(int(channels), size, size),
            labels=tuple(str(index) for index in range(classes)),
            counts={},
            fingerprint="",
        )
    sizes = f" at {size} x {size}, {channels} channels, {classes} classes" if task else ""
    several = LADDERS[kind]
    for number, (predicted, rungs) in enumerate(several.items()):
        title = f"To predict {predicted}" if len(several) > 1 else f"The ladder{sizes}"
        if number:
            click.echo()
        _show(rungs, task, title, headed=len(several) > 1)
    return 0


def _show(rungs: "Ladder", task: "Task | None", title: str, *, headed: bool) -> None:
    """One ladder: a table in a terminal, aligned text elsewhere, under its title where it is `headed`."""
    from epochal.kinds.listing import ladder_table

    heads = ("name", "year", "rung", *(("parameters",) if task else ()), "what it adds", "paper")
    rows = ladder_table(rungs, task)
    cells = [
        (row.name, str(row.year), row.title, *((_count(row.parameters),) if task else ()), row.adds, row.paper)
        for row in rows
    ]
    if not on_terminal():
        if headed:
            click.echo(f"{title}:")
        widths = [max(len(line[column]) for line in (heads, *cells)) for column in range(len(heads) - 1)]
        for line in (heads, *cells):
            texts = [
                text.rjust(width) if head == "parameters" else text.ljust(width)
                for head, text, width in zip(heads, line, widths, strict=False)
            ]
            click.echo("  ".join([*texts, line[-1]]))
        _show_extras(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for head in heads:
        table.add_column(head, justify="right" if head == "parameters" else "left", no_wrap=head not in heads[-2:])
    for line in cells:
        table.add_row(*line)
    Console().print(table)
    _show_extras(rows)


def _show_extras(rows: "list[LadderRow]") -> None:
    """A line for each extra, with the rungs that it brings."""
    for extra in sorted({row.extra for row in rows if row.extra}):
        names = ", ".join(row.name for row in rows if row.extra == extra)
        click.echo(f"{names}: climbed where --rung names them; they need pip install 'epochal[{extra}]'")


def _count(parameters: int | None) -> str:
    return "" if parameters is None else f"{parameters:,}"
