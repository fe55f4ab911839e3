"""epochal climbs the history of deep learning on your own data, and says what each breakthrough buys there."""

import importlib
from typing import Any

__version__ = "0.1.0"

# Where each public name lives. Nothing is imported until it is asked for: `import epochal` costs no torch.
_HOMES = {
    "climb": "epochal.study.ladder",
    "plan": "epochal.study.plan",
    "Climb": "epochal.study.ladder",
    "Plan": "epochal.study.plan",
    "RungClassifier": "epochal.study.estimator",
    "train_rung": "epochal.study.single",
    "refit": "epochal.study.refit",
    "why": "epochal.study.why",
    "run_milestone": "epochal.study.milestone",
    "CHANGES": "epochal.study.changes",
    "Change": "epochal.study.changes",
    "ClimbResult": "epochal.report.result",
    "Bundle": "epochal.ship.bundle",
    "Predictions": "epochal.ship.predict",
    "NumberPredictions": "epochal.ship.predict",
    "evaluate": "epochal.ship.evaluate",
    "Evaluation": "epochal.ship.evaluation",
    "compare": "epochal.study.compare",
    "Comparison": "epochal.study.comparison",
    "fit": "epochal.train.fit",
    "RUNGS": "epochal.kinds.image_ladder",
    "Rung": "epochal.kinds.rung",
    "open_dataset": "epochal.kinds.opening",
    "check": "epochal.data",
    "ReadOptions": "epochal.data",
    "TableOptions": "epochal.data.table.options",
    "Dataset": "epochal.data",
    "Budget": "epochal.core.run",
    "Cost": "epochal.core.run",
    "Finding": "epochal.core.experiment",
    "Recipe": "epochal.core.recipe",
    "Run": "epochal.core.run",
    "Task": "epochal.core.task",
    "BudgetError": "epochal.core.errors",
    "BundleError": "epochal.core.errors",
    "DataError": "epochal.core.errors",
    "RungError": "epochal.core.errors",
    "UserError": "epochal.core.errors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'epochal' has no attribute '{name}'")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
