"""`epochal data`: named sets, and what is to know about the user's own data before any training."""

from typing import Any

import click

from epochal.commands.options import loading, read_options, reading, say


@click.group()
def data() -> None:
    """List, get and check data sets."""


@data.command("list")
def list_sets() -> None:
    """List the named sets and pretrained weights: what they are, how large, and under which licence."""
    from epochal.data.benchmarks import BENCHMARKS
    from epochal.data.published_weights import WEIGHTS

    lines = [("digits", "built in", "8x8 handwritten digits, grey, 1,797 in all, from scikit-learn", "BSD 3-Clause")]
    for name, benchmark in BENCHMARKS.items():
        megabytes = sum(file.size for file in benchmark.files) / 1e6
        lines.append((name, f"{megabytes:.1f} MB", benchmark.title, benchmark.licence))
    lines += [(name, "weights", weights.title, weights.licence) for name, weights in WEIGHTS.items()]
    first, second, third = (max(len(line[column]) for line in lines) for column in range(3))
    for name, size, title, licence in lines:
        click.echo(f"{name:<{first}}  {size:>{second}}  {title:<{third}}  {licence}")


@data.command("get")
@click.argument("name")
def get(name: str) -> None:
    """Download a named set or pretrained weights, or take them from the folder that EPOCHAL_MIRROR names, and verify.

    \b
    epochal data get cifar10
    epochal data get resnet50-weights
    """
    from epochal.data.published_weights import fetch_named

    path, notes = fetch_named(name, progress=loading())
    click.echo(str(path))
    for note in notes:
        say(f"note: {note}")


@data.command("check")
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report, as JSON.")
@reading
def check_data(path: str, as_json: bool, **values: Any) -> None:
    """Read the data at PATH and say what is in it: classes, splits, bad files, copies. Nothing is trained.

    \b
    epochal data check photos/
    """
    from epochal.data.dataset import check
    from epochal.data.options import ReadOptions

    report = check(path, read_options(values) or ReadOptions(), loading())
    click.echo(report.to_json() if as_json else report.to_text())
