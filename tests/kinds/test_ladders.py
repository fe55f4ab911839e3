"""A name that no rung has is answered by the ladder of the data, as far as they tell it before they are read."""

from pathlib import Path

import pytest

from epochal.cli import main
from epochal.core.errors import UserError
from epochal.kinds.ladders import require

OF_IMAGES, OF_TABLES = "lenet", "histogram-trees"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("age,plan,churned\n" + "40,basic,no\n31,plus,yes\n" * 5)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    path = tmp_path / "pictures.csv"
    path.write_text("file,label\n" + "a.png,cat\nb.png,dog\n" * 5)
    return path


def refusal(*names: str, **asked: str) -> str:
    with pytest.raises(UserError) as refused:
        require(names, "rung", **asked)
    return str(refused.value)


def test_rows_list_the_ladder_of_tables(table: Path) -> None:
    said = refusal("fish", source=str(table))
    assert said.startswith("rung: fish not known. The ladder has majority, ")
    assert OF_TABLES in said and OF_IMAGES not in said
    assert "Did you mean forest?" in refusal("forst", source=str(table))
    assert "Did you mean histogram-trees?" in refusal("mean", "histogramtrees", source=str(table))


def test_a_folder_and_a_list_of_pictures_list_the_ladder_of_images(pictures: Path) -> None:
    for source in (pictures, pictures.parent):
        said = refusal("fish", source=str(source))
        assert OF_IMAGES in said and OF_TABLES not in said
    assert OF_TABLES in refusal("fish", source=str(pictures), task="table"), "as it is said to be"


def test_a_name_of_data_lists_both() -> None:
    said = refusal("fish", source="digits")
    assert said.startswith("rung: fish not known. The ladder has majority, ")
    images, rows = said.split(" for images, and ")
    assert OF_IMAGES in images and OF_TABLES in rows and rows.endswith(" for tables.")


def test_the_other_names_tell_which_ladder_is_meant() -> None:
    assert OF_TABLES not in refusal("lenet", "fish", source="digits")
    assert refusal("fine-tuned", source="digits").endswith("needs pretrained weights. Give them with --pretrained.")


def test_names_of_any_ladder_pass_and_the_data_is_not_looked_at(table: Path) -> None:
    require(["lenet"], "rung", source=str(table))
    require(["mean", "mlp"], source=str(table.parent / "gone.csv"))


@pytest.mark.parametrize("words", [["train", "fish"], ["why", "--rung", "fish"], ["climb", "--rungs", "mlp,fish"]])
def test_every_command_says_so(words: list[str], table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, str(table)]) == 2
    said = capsys.readouterr().err
    assert "fish not known" in said and OF_TABLES in said and OF_IMAGES not in said
