"""`epochal milestone`: the claims of the field's history, and what becomes of them here."""

import shutil
from pathlib import Path
from typing import Any

import click

from epochal.commands.options import command_line, on_terminal, reading, say
from epochal.commands.tables import ByKind, read_as, tabular

OUT = Path("runs") / "milestones"


@click.group()
def milestone() -> None:
    """List the claims that made deep learning, and test them as experiments."""


@milestone.command("list")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="Folder of the results.", show_default=True)
def list_milestones(out: Path) -> None:
    """List the claims, with year, published figure, source, minutes on two cores, and the latest verdict in OUT."""
    from epochal.core.paths import absolute
    from epochal.milestones.listing import listing
    from epochal.milestones.table import CLAIMS
    from epochal.study.results import read_results

    width = shutil.get_terminal_size().columns if on_terminal() else None
    click.echo(listing(list(CLAIMS.values()), read_results(absolute(out)), width))


@milestone.command("run", cls=ByKind)
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="Run the whole history, and write its atlas.")
@click.option("--data", "source", metavar="SOURCE", help="Ask the same question of your own data.")
@click.option(
    "--budget",
    metavar="DURATION",
    help="Time for the run, such as 90s or 20m. With --data or --paper it is a limit. With --all, time to spare buys "
    "more seeds.",
)
@click.option("--paper", is_flag=True, help="Run it as large as in the paper, on the paper's data: hours on a GPU.")
@click.option(
    "--seeds",
    type=int,
    metavar="N",
    help="Trainings of each arm, each with a seed of its own.  [default: the milestone's, 5 or more]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Continue an interrupted run in OUT. With --all, keep its results and run the rest.",
)
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="Folder for the results.", show_default=True)
@tabular
@reading
def run(
    name: str | None, every: bool, source: str | None, paper: bool, out: Path, resume: bool, task: str, **values: Any
) -> int:
    """Run the experiment behind the claim NAME, and say whether the claim holds here.

    \b
    epochal milestone run residual-depth
    epochal milestone run residual-depth --data photos/
    epochal milestone run trees-against-nets --data customers.csv --label churned
    epochal milestone run residual-depth --paper
    epochal milestone run --all --budget 60m
    """
    if every == bool(name):
        raise click.UsageError("Give the NAME of one milestone, or --all.", click.get_current_context())
    from epochal.core.paths import absolute
    from epochal.milestones import MILESTONES
    from epochal.milestones import milestone as known

    claim = known(name) if name else None  # an unknown name is refused before anything else is imported
    from epochal.kinds.opening import inputs
    from epochal.report.milestone import to_text, write_page
    from epochal.study.history import run_history
    from epochal.study.milestone import run_milestone

    out = absolute(out)
    command = command_line()
    if every:
        if source is not None or paper:
            raise click.UsageError(
                "--all runs every milestone on its published data, in minutes: leave out --data and --paper.",
                click.get_current_context(),
            )
        claims = list(MILESTONES.values())
        length = {name: values[name] for name in ("budget", "seeds")}
        history = run_history(claims, out=out, resume=resume, progress=say, command=command, **length)
        click.echo(history.to_text())
        click.echo(f"\nAtlas: {history.atlas}")
        return 0 if history.complete else 1
    assert claim is not None
    claim = claim.as_in_paper() if paper else claim
    named = source or ("" if claim.data_is_given else claim.data)
    chosen, options = read_as(named, task if named else "image", values)
    if options is None and task != "auto":
        options = inputs()[chosen].options()
    result = run_milestone(
        claim, source=source, options=options, out=out, resume=resume, progress=say, command=command, **values
    )
    click.echo(to_text(claim, result))
    click.echo(f"\nPage: {write_page(claim, result, out / claim.folder)}")
    return 0
