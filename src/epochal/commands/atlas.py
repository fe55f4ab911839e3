"""`epochal atlas`: the history of the field as a static site, from results."""

from pathlib import Path

import click

RESULTS = Path("runs") / "milestones"


@click.command()
@click.argument("results", type=click.Path(path_type=Path), default=RESULTS)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("atlas"), help="Folder of the site.", show_default=True
)
def atlas(results: Path, out: Path) -> int:
    """Write the atlas of the milestones whose results lie in RESULTS (runs/milestones unless said): a timeline, and a
    page for each. It needs no network and no server: open OUT/index.html.

    \b
    epochal atlas
    epochal atlas runs/milestones --out atlas
    """
    from epochal.core.errors import UserError
    from epochal.core.paths import absolute
    from epochal.milestones import MILESTONES
    from epochal.study.results import RESULT, read_results

    results, out = absolute(results), absolute(out)
    found = {name: result for name, result in read_results(results).items() if name in MILESTONES}
    if not found:
        raise UserError(
            f"{results}: expected a folder of results, each in NAME/{RESULT}, and found none of a milestone. Run "
            "`epochal milestone run --all`, or a single one, or name the folder that holds them."
        )
    from epochal.report.atlas import write_atlas

    index = write_atlas(list(MILESTONES.values()), found, out)
    click.echo(f"{len(found)} of {len(MILESTONES)} milestones have a result.\nAtlas: {index}")
    return 0
