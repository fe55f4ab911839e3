"""What every noun of the house shares: a frozen dataclass that goes to JSON and back, and has a digest."""

import dataclasses
import hashlib
import json
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, Self, Union, get_args, get_origin


class Record:
    """Base of the frozen, keyword-only dataclasses. Fields are plain values, tuples, mappings, or other records."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for `json.dumps`."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The record that `to_dict` described.

        Raises:
            ValueError: a field is unknown or missing.
        """
        hints = typing.get_type_hints(cls)
        unknown = sorted(set(data) - set(hints))
        if unknown:
            raise ValueError(f"{cls.__name__} has no field {', '.join(unknown)}; it has {', '.join(sorted(hints))}.")
        try:
            return cls(**{name: _typed(hints[name], value) for name, value in data.items()})
        except TypeError as error:
            raise ValueError(f"{cls.__name__} cannot be read from {sorted(data)}: {error}") from error

    def to_json(self) -> str:
        return json_text(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls.from_dict(json.loads(text))

    def digest(self) -> str:
        """Twelve hexadecimal digits that change when any field does."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]


def json_text(content: Any, **options: Any) -> str:
    """JSON that can be written as UTF-8 whatever names it holds.

    Python reads the bytes of a file name that are no UTF-8 as lone surrogates, which no encoding can write: JSON's own
    escapes keep them, and reading gives the same name back.
    """
    text = json.dumps(content, ensure_ascii=False, **options)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _typed(hint: Any, value: Any) -> Any:
    """Give JSON's lists and objects back the types that the field declares."""
    origin, arguments = get_origin(hint), get_args(hint)
    if value is None:
        return None
    if origin in (Union, types.UnionType):
        return _typed(next((choice for choice in arguments if choice is not type(None)), Any), value)
    if origin is tuple:
        inner = arguments if arguments[-1] is not Ellipsis else (arguments[0],) * len(value)
        return tuple(_typed(kind, item) for kind, item in zip(inner, value, strict=True))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _typed(arguments[1], item) for key, item in value.items()}
    if isinstance(hint, type) and issubclass(hint, Record):
        return value if isinstance(value, hint) else hint.from_dict(value)
    if hint is float and isinstance(value, int):
        return float(value)
    if isinstance(value, list):
        return tuple(value)
    return value
