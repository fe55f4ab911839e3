"""The package is light until it is used, and offers what it promises."""

import subprocess
import sys

import pytest

import epochal
from epochal.cli import COMMANDS

LIGHT = """
import sys
import epochal
from epochal.cli import COMMANDS, main

for words in ([], *([name] for name in COMMANDS), ["data", "list"], ["data", "get"], ["data", "check"]):
    code = main([*words, "--help"])
    assert code == 0, (words, code)
heavy = sorted({"torch", "numpy", "pandas", "sklearn", "skimage", "PIL", "rich"} & set(sys.modules))
assert not heavy, heavy
"""


def test_help_of_every_command_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for name in COMMANDS:
        assert f"Usage: epochal {name}" in done.stdout


@pytest.mark.parametrize("name", ["climb", "why", "predict", "evaluate", "ladder"])
def test_the_list_of_commands_offers_to_tables_what_they_can_have(name):
    _, line = COMMANDS[name]
    assert any(word in line for word in ("table", "rows", "data"))


@pytest.mark.parametrize("name", epochal.__all__)
def test_every_public_name_is_there(name):
    assert getattr(epochal, name) is not None
    assert name in dir(epochal)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'epochal' has no attribute 'clmib'"):
        _ = epochal.clmib


def test_the_version_is_that_of_the_installed_package():
    from importlib.metadata import version

    assert version("epochal") == epochal.__version__


def test_python_dash_m_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "epochal", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"epochal, version {epochal.__version__}\n"


def test_missing_extras_that_doctor_looks_for_are_those_of_the_package():
    from importlib.metadata import metadata

    from epochal.study.machine import EXTRAS

    assert set(EXTRAS) == set(metadata("epochal").get_all("Provides-Extra"))
