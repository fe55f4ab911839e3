"""`epochal data`: named sets and tables, and what is to know about the user's own data before any training."""

from typing import Any

import click

from epochal.commands.options import loading, reading, say
from epochal.commands.tables import ByKind, read_as, tabular


@click.group()
def data() -> None:
    """List, get and check data sets."""


@data.command("list")
def list_sets() -> None:
    """List named sets, tables and pretrained weights."""
    from epochal.data.image.benchmarks import BENCHMARKS
    from epochal.data.published_weights import WEIGHTS
    from epochal.data.table.named import NAMED_TABLES

    lines = [("digits", "built in", "8x8 handwritten digits, grey, 1,797 in all, from scikit-learn", "BSD 3-Clause")]
    for name, benchmark in BENCHMARKS.items():
        megabytes = sum(file.size for file in benchmark.files) / 1e6
        lines.append((name, f"{megabytes:.1f} MB", benchmark.title, benchmark.licence))
    for name, table in NAMED_TABLES.items():
        lines.append((name, table.size, f"Table: {table.title}, {table.rows}", table.licence))
    lines += [(name, "weights", weights.title, weights.licence) for name, weights in WEIGHTS.items()]
    first, second, third = (max(len(line[column]) for line in lines) for column in range(3))
    for name, size, title, licence in lines:
        click.echo(f"{name:<{first}}  {size:>{second}}  {title:<{third}}  {licence}")


@data.command("get")
@click.argument("name")
def get(name: str) -> None:
    """Download a named set, table or weights, and verify.

    Nothing is downloaded that is in the folder that EPOCHAL_MIRROR names, or was downloaded before.

    \b
    epochal data get cifar10
    epochal data get adult
    epochal data get resnet50-weights
    """
    from epochal.data.published_weights import fetch_named

    path, notes = fetch_named(name, progress=loading())
    click.echo(str(path))
    for note in notes:
        say(f"note: {note}")


@data.command("check", cls=ByKind)
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report, as JSON.")
@tabular
@reading
def check_data(path: str, as_json: bool, task: str, **values: Any) -> None:
    """Read data and report classes, splits, copies and leaks.

    PATH is a folder of pictures, a list of pictures, a table (CSV, Parquet or JSON lines) or a name from `epochal data
    list`. Of a table, columns that give the label away are named: ids, copies of the label, and what is known only
    afterwards. Nothing is trained and nothing is written.

    \b
    epochal data check photos/
    epochal data check customers.csv --label churned
    epochal data check adult
    """
    read, options = read_as(path, task, values)
    if read == "table":
        from epochal.data.table.opened import open_table
        from epochal.data.table.report import report_of

        text = report_of(open_table(path, options, test=options.test if options else None))
        click.echo(text.to_json() if as_json else text.to_text())
        return
    from epochal.data.image.opened import check
    from epochal.data.image.options import ReadOptions

    report = check(path, options or ReadOptions(), loading())
    click.echo(report.to_json() if as_json else report.to_text())
