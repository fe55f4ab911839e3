"""Records go to JSON and back, whatever names they hold."""

import os
from dataclasses import dataclass

from epochal.core.record import Record, json_text


@dataclass(frozen=True, kw_only=True)
class Named(Record):
    name: str
    others: tuple[str, ...] = ()


def test_a_name_that_is_no_valid_text_goes_to_json_and_back():
    record = Named(name=os.fsdecode(b"caf\xe9/\xb9\xb7"), others=("\ud800", "猫", r"\udcb9", "plain"))
    text = record.to_json()
    assert Named.from_json(text.encode().decode()) == record
    assert "猫" in text and record.digest() != record.replace(name="other").digest()


def test_other_text_is_written_as_it_is():
    assert json_text({"a": 'é"\\', "b": [1, None]}, sort_keys=True) == '{"a": "é\\"\\\\", "b": [1, null]}'
