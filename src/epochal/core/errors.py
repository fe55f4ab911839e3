"""Errors that a user can act on: each says what was expected, what came, and what to do."""


class UserError(ValueError):
    """Something that the user gave cannot be used as it is. The message says what to do about it."""


class DataError(UserError):
    """The data set cannot be opened or judged as it is."""


class BudgetError(UserError):
    """The budget, seeds or trials asked for cannot be met or make no sense."""


class RungError(UserError):
    """One rung does not do what is asked of it. The others are not harmed, and a climb continues with them."""


class BundleError(UserError):
    """A bundle is damaged, incomplete, or was written by a newer version."""


class RunDirectoryError(UserError):
    """A run directory is in use, belongs to another climb, or cannot be written."""


class MissingExtraError(ImportError):
    """An optional library is needed; the message names the extra that brings it."""

    def __init__(self, library: str, extra: str, purpose: str):
        super().__init__(
            f"{purpose} needs {library}, which is not installed. Install it with: pip install 'epochal[{extra}]'"
        )
