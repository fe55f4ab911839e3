"""`epochal predict`: pictures through a bundle."""

import json

import click


@click.command()
@click.argument("bundle")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="All probabilities, as JSON.")
def predict(bundle: str, inputs: tuple[str, ...], as_json: bool) -> int:
    """Predict INPUTS (files, folders or glob patterns) with BUNDLE.

    Each picture gets its label and how probable that is. A file that cannot be read is named, and the others are
    predicted all the same; then the exit code is 1.

    \b
    epochal predict runs/photos/bundle new/*.jpg
    """
    from epochal.ship.bundle import Bundle

    predictions = Bundle.open(bundle).predict(inputs)
    if as_json:
        click.echo(json.dumps(predictions.to_list(), indent=2, ensure_ascii=False))
    else:
        click.echo(predictions.to_text())
    return 1 if predictions.errors else 0
