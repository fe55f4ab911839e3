"""The line that is shown when an interrupted run continues: how much of it is finished, and how much time is left."""

from epochal.report.words import duration, plural
from epochal.train.store import Store


def taken_up(store: Store, seconds: float | None = None) -> str:
    """One line on a run that continues: its directory, the trainings that are finished, the time spent and, where the
    run has `seconds` in all, the time left."""
    finished, spent = len(store.runs()), float(store.get("spent", 0.0))
    trainings = f"{plural(finished, 'training')} {'is' if finished == 1 else 'are'} finished"
    left = "" if seconds is None else f", {duration(max(seconds - spent, 0.0))} left"
    return f"Resuming {store.directory}: {trainings}, {duration(spent)} spent{left}."
