"""`epochal ladder`: the rungs, in the order of the climb."""

import click

from epochal.commands.options import on_terminal


@click.command()
@click.argument("kind", type=click.Choice(["image"]), default="image")
@click.option("--size", type=click.IntRange(8, 224), help="Side of the images.  [default: 28]")
@click.option("--channels", type=click.Choice(["1", "3"]), help="Grey or colour.  [default: 1]")
@click.option("--classes", type=click.IntRange(min=2), help="Number of classes.  [default: 10]")
def ladder(kind: str, size: int | None, channels: str | None, classes: int | None) -> int:
    """List the rungs for KIND. With --size, --channels or --classes also the number of parameters that each network has
    for such images: that takes longer, as the networks are built.

    \b
    epochal ladder image
    epochal ladder image --size 64 --channels 3 --classes 5
    """
    from epochal.core.task import Task
    from epochal.kinds.image_ladder import IMAGE_LADDER
    from epochal.kinds.listing import ladder_table

    task = None
    if size or channels or classes:
        size, channels, classes = size or 28, channels or "1", classes or 10
        task = Task(
            name="ladder",
            input_shape=(int(channels), size, size),
            labels=tuple(str(index) for index in range(classes)),
            counts={},
            fingerprint="",
        )
    heads = ("name", "year", "rung", *(("parameters",) if task else ()), "what it adds", "paper")
    cells = [
        (row.name, str(row.year), row.title, *((_count(row.parameters),) if task else ()), row.adds, row.paper)
        for row in ladder_table(IMAGE_LADDER, task)
    ]
    if not on_terminal():
        widths = [max(len(line[column]) for line in (heads, *cells)) for column in range(len(heads) - 1)]
        for line in (heads, *cells):
            texts = [
                text.rjust(width) if head == "parameters" else text.ljust(width)
                for head, text, width in zip(heads, line, widths, strict=False)
            ]
            click.echo("  ".join([*texts, line[-1]]))
        return 0
    from rich.console import Console
    from rich.table import Table

    sizes = f" at {size} x {size}, {channels} channels, {classes} classes" if task else ""
    table = Table(title=f"The ladder{sizes}", title_justify="left")
    for head in heads:
        table.add_column(head, justify="right" if head == "parameters" else "left", no_wrap=head not in heads[-2:])
    for line in cells:
        table.add_row(*line)
    Console().print(table)
    return 0


def _count(parameters: int | None) -> str:
    return "" if parameters is None else f"{parameters:,}"
