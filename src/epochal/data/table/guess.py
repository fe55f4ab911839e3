"""What the texts of a column write: numbers in some style, dates in some format, yes and no, levels, or sentences."""

import re
from collections import Counter
from collections.abc import Sequence

from epochal.data.table.cells import AMONG_NUMBERS, FALSE, ISO, PLACEHOLDERS, PLAIN, SPACES, TRUE, Column, Numerals

MOST = 0.9  # share of the cells that must be numbers, or dates, for the column to be one of them
SENTENCE = 4.0  # words a cell, on average, from which cells that hardly repeat are text
PAIRS = tuple(zip(TRUE, FALSE, strict=True))

_PLAIN = re.compile(PLAIN)
_NUMBER = re.compile(  # a sign of currency or its code before, a unit after, but no "st" of 1st and no letter of a code
    rf"^(?P<before>([$€£¥₹]|[A-Z]{{3}} )\s*)?(?P<number>[-+]?[\d.,'{SPACES}]*\d)"
    r"(?P<after>\s*(?!st$|nd$|rd$|th$)[^\d.,_-]{0,8})$"
)
_COMMA_GROUPS = re.compile(r"^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$")
_DOT_GROUPS = re.compile(r"^[-+]?\d{1,3}(\.\d{3})+(,\d+)?$")
_SPACE_GROUPS = re.compile(rf"^[-+]?\d{{1,3}}([{SPACES}']\d{{3}})+([.,]\d+)?$")
_COMMA = re.compile(r"^[-+]?\d+,\d+$")
_CLOCK = r"([ T]+(?P<clock>\d{1,2}:\d{2}(?P<seconds>:\d{2})?))?"
_YEAR_FIRST = re.compile(r"^\d{4}-\d{1,2}-\d{1,2}([T ].*)?$")
_SHORT = re.compile(rf"^(?P<one>\d{{1,4}})(?P<mark>[./-])(?P<two>\d{{1,2}})(?P=mark)(?P<year>\d{{2,4}}){_CLOCK}$")
_COMPACT = re.compile(r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")
_NAMED = (
    (re.compile(r"^\d{1,2}[ -][A-Za-z]{3}[ -]\d{4}$"), ("%d-%b-%Y", "%d %b %Y")),
    (re.compile(r"^[A-Za-z]{3} \d{1,2}, \d{4}$"), ("%b %d, %Y",)),
    (re.compile(r"^\d{1,2} [A-Za-z]{4,9} \d{4}$"), ("%d %B %Y",)),
    (re.compile(r"^[A-Za-z]{4,9} \d{1,2}, \d{4}$"), ("%B %d, %Y",)),
)


def guess(name: str, texts: Sequence[str], decimal: str | None, day_first: bool | None) -> tuple[Column, str]:
    """What a column of these texts is, and why. `texts` are a sample of its cells, trimmed; empty ones are missing."""
    counts = Counter(texts)
    filled = {text: count for text, count in counts.items() if text.casefold() not in PLACEHOLDERS}
    if not filled:
        return Column(name=name, kind="constant"), "every cell is empty"
    folded = {text.casefold() for text in filled}
    if len(folded) == 2 and any(folded == set(pair) for pair in PAIRS):
        return Column(name=name, kind="boolean"), f"its cells say {' or '.join(sorted(filled)[:2])}"
    zeros = [text for text in filled if re.match(r"^0\d+$", text)]
    dates = _dates(filled, day_first)
    if dates:
        return Column(name=name, kind="date", dates=dates[0]), dates[1]
    numbers = {text: count for text, count in filled.items() if text.casefold() not in AMONG_NUMBERS}
    numerals = _numerals(numbers, decimal) if numbers else None
    if numerals is not None and zeros:
        return (
            Column(name=name, kind="category", as_text=True),
            f"numbers with leading zeros such as {zeros[0]!r} are codes",
        )
    if numerals is not None:
        return Column(name=name, kind="number", numerals=numerals, placeholders=AMONG_NUMBERS), _written(numerals)
    total, words = sum(filled.values()), sum(len(text.split()) * count for text, count in filled.items())
    if words / total >= SENTENCE and len(filled) > total / 3:
        return Column(name=name, kind="text"), f"{words / total:.0f} words a cell, which hardly repeat"
    return Column(name=name, kind="category"), f"words that repeat, such as {max(filled, key=lambda t: filled[t])!r}"


def _numerals(counts: dict[str, int], decimal: str | None) -> Numerals | None:
    """How most of the texts write numbers, or None where they do not."""
    total = sum(counts.values())
    if decimal == "," and (marks := _fitting(counts, decimal)):
        return marks
    if sum(n for text, n in counts.items() if _PLAIN.match(text)) >= MOST * total:
        return Numerals()
    return _fitting(counts, None)


def _fitting(counts: dict[str, int], decimal: str | None) -> Numerals | None:
    """The marks and units that most of the texts have, or None."""
    total = sum(counts.values())
    found = {text: match for text in counts if (match := _NUMBER.match(text))}
    around: Counter[tuple[str, str]] = Counter()
    for text, match in found.items():
        around[(match["before"] or "", match["after"])] += counts[text]
    if not around:
        return None
    (before, after), times = around.most_common(1)[0]
    if times < MOST * total:
        return None
    numbers = [m["number"] for m in found.values() if (m["before"] or "", m["after"]) == (before, after)]
    marks = _marks(numbers, decimal)
    return None if marks is None else Numerals(decimal=marks[0], thousands=marks[1], before=before, after=after)


def _marks(numbers: Sequence[str], decimal: str | None) -> tuple[str, str] | None:
    """The decimal mark and the marks between thousands that most of these numbers have."""
    styles = [
        (".", "", lambda text: bool(_PLAIN.match(text))),
        (".", ",", lambda text: bool(_COMMA_GROUPS.match(text) or _PLAIN.match(text))),
        (",", "", lambda text: bool(_COMMA.match(text) or text.lstrip("+-").isdigit())),
        (",", ".", lambda text: bool(_DOT_GROUPS.match(text) or _COMMA.match(text) or text.lstrip("+-").isdigit())),
        (".", f"{SPACES}'", lambda text: bool((_SPACE_GROUPS.match(text) and "," not in text) or _PLAIN.match(text))),
        (",", f"{SPACES}'", lambda text: bool(_SPACE_GROUPS.match(text) or _COMMA.match(text) or text.isdigit())),
    ]
    for mark, thousands, fits in styles:
        if decimal in (None, mark) and sum(map(fits, numbers)) >= MOST * len(numbers):
            return mark, thousands
    return None


def _written(numerals: Numerals) -> str:
    notes = []
    if numerals.before.strip() or numerals.after.strip():
        notes.append(f"with {(numerals.before or numerals.after).strip()!r}")
    if numerals.decimal == ",":
        notes.append("with decimal commas")
    if numerals.thousands:
        notes.append("with marks between thousands")
    return f"its cells are numbers {', '.join(notes)}".strip() if notes else "its cells are numbers"


def _dates(counts: dict[str, int], day_first: bool | None) -> tuple[str, str] | None:
    """The format of the dates that most of the texts are, and why; None where they are no dates."""
    total = sum(counts.values())

    def share(pattern: re.Pattern[str]) -> float:
        return sum(count for text, count in counts.items() if pattern.match(text)) / total

    if share(_YEAR_FIRST) >= MOST:
        return ISO, "its cells are dates, year first"
    if share(_COMPACT) >= MOST and len(counts) > 1:
        return "%Y%m%d", "its cells are dates without marks, such as " + next(iter(counts))
    for pattern, formats in _NAMED:
        if share(pattern) >= MOST:
            example = next(text for text in counts if pattern.match(text))
            return next(
                f for f in formats if ("-" in f) == ("-" in example)
            ), "its cells are dates with names of months"
    found = [match for text in counts if (match := _SHORT.match(text))]
    if share(_SHORT) < MOST:
        return None
    mark, clock = Counter((m["mark"], bool(m["clock"]), bool(m["seconds"])) for m in found).most_common(1)[0][0], ""
    clock = (" %H:%M:%S" if mark[2] else " %H:%M") if mark[1] else ""
    if all(len(match["one"]) == 4 for match in found):
        return f"%Y{mark[0]}%m{mark[0]}%d{clock}", "its cells are dates, year first"
    year = "%Y" if all(len(match["year"]) == 4 for match in found) else "%y"
    first, second = max(int(m["one"]) for m in found), max(int(m["two"]) for m in found)
    if first > 31 or second > 31 or (first > 12 and second > 12):
        return None
    if first > 12 or second > 12:
        days, why = first > 12, f"the {'first' if first > 12 else 'second'} number goes to {max(first, second)}"
    elif day_first is not None:
        days, why = day_first, f"as --{'day' if day_first else 'month'}-first says"
    else:
        days, why = mark[0] == ".", "no number tells days from months; say --day-first or --month-first"
    order = f"%d{mark[0]}%m" if days else f"%m{mark[0]}%d"
    return f"{order}{mark[0]}{year}{clock}", f"dates, {'day' if days else 'month'} first: {why}"
