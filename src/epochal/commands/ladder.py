"""`epochal ladder`: the rungs, in the order of the climb."""

import click

from epochal.commands.options import on_terminal


@click.command()
@click.argument("kind", type=click.Choice(["image"]), default="image")
@click.option("--size", type=click.IntRange(8, 224), default=28, show_default=True, help="Side of the images.")
@click.option("--channels", type=click.Choice(["1", "3"]), default="1", show_default=True, help="Grey or colour.")
@click.option("--classes", type=click.IntRange(min=2), default=10, show_default=True)
def ladder(kind: str, size: int, channels: str, classes: int) -> int:
    """List the rungs for KIND, with the number of parameters that each network has for such images.

    \b
    epochal ladder image --size 64 --channels 3 --classes 5
    """
    from epochal.core.task import Task
    from epochal.models.catalogue import ladder_table

    task = Task(
        name="ladder",
        input_kind=kind,
        input_shape=(int(channels), size, size),
        labels=tuple(str(index) for index in range(classes)),
        counts={},
        fingerprint="",
    )
    rows = ladder_table(task)
    cells = [
        (
            row.name,
            str(row.year),
            row.title,
            "" if row.parameters is None else f"{row.parameters:,}",
            row.adds,
            row.paper,
        )
        for row in rows
    ]
    heads = ("name", "year", "rung", "parameters", "what it adds", "paper")
    if not on_terminal():
        widths = [max(len(line[column]) for line in (heads, *cells)) for column in range(5)]
        for line in (heads, *cells):
            name, year, title, parameters, adds = (
                text.rjust(width) if column == 3 else text.ljust(width)
                for column, (text, width) in enumerate(zip(line[:5], widths, strict=True))
            )
            click.echo(f"{name}  {year}  {title}  {parameters}  {adds}  {line[5]}")
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"The ladder at {size} x {size}, {channels} channels, {classes} classes", title_justify="left")
    for column, head in enumerate(heads):
        table.add_column(head, justify="right" if column == 3 else "left", no_wrap=column < 4)
    for line in cells:
        table.add_row(*line)
    Console().print(table)
    return 0
