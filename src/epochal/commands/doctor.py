"""`epochal doctor`: what this machine has, and how fast it is."""

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print all findings, as JSON.")
def doctor(as_json: bool) -> int:
    """Show versions, device, measured speed, threads, memory, disk, and which extras are missing."""
    from epochal.study.machine import examine

    machine = examine()
    click.echo(machine.to_json() if as_json else machine.to_text())
    return 0
