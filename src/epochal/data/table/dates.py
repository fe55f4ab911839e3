"""Dates for models: days since the first training row, the year, and the month, weekday and hour as categories."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Shaped

from epochal.core.record import Record
from epochal.data.table.categories import FIRST, one_hot
from epochal.data.table.cells import Column
from epochal.data.table.numbers import NumberCodec

PARTS = {"month": 12, "weekday": 7, "hour": 24}  # how many values each has
LOOKED_AT = 50_000  # dates from which it is judged which parts vary
DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, kw_only=True)
class DateCodec(Record):
    """A column of dates.

    At rest: days elapsed since `start` (NaN where missing), the year, then a code for each part: 0 missing, and from 2
    on its values. Parts that never vary in the training rows are left out.
    """

    column: Column
    start: str  # the first date of the training rows, ISO
    parts: tuple[str, ...]
    elapsed: NumberCodec
    years: NumberCodec

    @property
    def missing(self) -> bool:
        return self.elapsed.missing

    @property
    def levels(self) -> tuple[int, ...]:
        return (0, 0, *(FIRST + PARTS[part] for part in self.parts))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.column.name} {part}" for part in ("elapsed days", "year", *self.parts))

    @property
    def features(self) -> tuple[str, ...]:
        name = self.column.name
        values = [f"{name} {part} = {value}" for part in self.parts for value in range(PARTS[part])]
        return (*self.elapsed.described(f"{name} elapsed days"), *self.years.described(f"{name} year"), *values)

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of each feature, whether it is a number, and no sign."""
        numbers = (*self.elapsed.numeric, *self.years.numeric)
        return (*numbers, *[False] * (len(self.features) - len(numbers)))

    @classmethod
    def fitted(cls, column: Column, moments: Shaped[np.ndarray, " rows"]) -> "DateCodec":
        """The codec of the dates of the training rows, datetime64[us], NaT where missing."""
        missing = np.isnat(moments)
        present = moments[~missing] if missing.any() else moments
        start = present.min().astype("datetime64[D]") if len(present) else np.datetime64("1970-01-01")
        parts = _parts(present[:: max(1, len(present) // LOOKED_AT)])
        years = np.where(missing, np.nan, _parts(moments)["year"])
        elapsed = NumberCodec.fitted(column, _days(moments, start))
        kept = tuple(part for part in PARTS if len(present) and np.ptp(parts[part]) > 0)
        return cls(
            column=column,
            start=str(start),
            parts=kept,
            elapsed=elapsed,
            years=NumberCodec.fitted(column, years).replace(missing=False),
        )

    def encode(self, moments: Shaped[np.ndarray, " rows"], out: Float32[np.ndarray, "rows columns"]) -> None:
        """Writes the parts at rest."""
        missing = np.isnat(moments)
        self.elapsed.encode(_days(moments, np.datetime64(self.start)), out[:, :1])
        parts = _parts(moments)
        self.years.encode(np.where(missing, np.nan, parts["year"]), out[:, 1:2])
        for place, part in enumerate(self.parts, start=2):
            out[:, place] = np.where(missing, 0, FIRST + parts[part])

    def shown(self, encoded: Float32[np.ndarray, " columns"]) -> str:
        """The date at rest in words, to the minute where there are hours."""
        days = float(encoded[0])
        if np.isnan(days):
            return "missing"
        moment = np.datetime64(self.start, "m") + np.timedelta64(round((days + self.elapsed.offset) * 24 * 60), "m")
        return str(moment if "hour" in self.parts else moment.astype("datetime64[D]")).replace("T", " ")

    def dense(self, encoded: Float32[np.ndarray, "rows columns"], out: Float32[np.ndarray, "rows width"]) -> None:
        """Writes the numbers scaled, and zeros and a one for each part."""
        first = len(self.elapsed.features)
        place = first + len(self.years.features)
        self.elapsed.dense(encoded[:, :1], out[:, :first])
        self.years.dense(encoded[:, 1:2], out[:, first:place])
        for column, part in enumerate(self.parts, start=2):
            one_hot(encoded[:, column], [], PARTS[part], out[:, place : place + PARTS[part]])
            place += PARTS[part]


def _days(moments: np.ndarray, start: np.datetime64) -> np.ndarray:
    days = (moments - start.astype("datetime64[us]")).astype(np.int64) / DAY
    return np.where(np.isnat(moments), np.nan, days)


def _parts(moments: np.ndarray) -> dict[str, np.ndarray]:
    """The year, the month from 0, the weekday from Monday as 0, and the hour of each date; nonsense where missing."""
    ticks = np.where(np.isnat(moments), 0, moments.astype(np.int64))
    days = ticks // DAY
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return {
        "year": 1970 + months // 12,
        "month": months % 12,
        "weekday": (days + 3) % 7,  # 1 January 1970 was a Thursday
        "hour": (ticks - days * DAY) // (DAY // 24),
    }
