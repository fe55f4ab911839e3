"""What a command imports: a list, or a name that is not known, is answered without torch and SciPy."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "scipy", "sklearn", "pandas")
SAY = "import sys; from epochal.cli import main; print(main({0!r}), *[name for name in {1!r} if name in sys.modules])"


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["milestone", "list"], 0),
        (["milestone", "run", "residul-depth"], 2),
        (["atlas", "no-such-folder"], 2),
        (["ladder", "image"], 0),
        (["ladder", "table"], 0),
        (["climb", "digits", "--rungs", "lenet,resnt"], 2),
        (["train", "resnt", "digits"], 2),
        (["why", "digits", "--rung", "resnt"], 2),
    ],
)
def test_a_list_and_a_typo_import_nothing_heavy(arguments: list[str], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAY.format(arguments, HEAVY)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == str(code)
