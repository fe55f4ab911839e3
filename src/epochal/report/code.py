"""The source of an experiment, as a page shows it."""

import importlib
import inspect
import io
import keyword
import tokenize

from markupsafe import Markup, escape


def source(module: str) -> str:
    """The text of a module, empty where there is none."""
    try:
        return inspect.getsource(importlib.import_module(module))
    except (ImportError, OSError, TypeError):
        return ""


def coloured(code: str) -> Markup:
    """Python as HTML: keywords, strings, numbers and comments in elements of their own; as it is, where it is not
    Python."""
    lines, parts = code.splitlines(keepends=True), []
    row, column = 1, 0

    def upto(end_row: int, end_column: int) -> str:
        nonlocal row, column
        taken = []
        while (row, column) < (end_row, end_column) and row <= len(lines):
            stop = end_column if row == end_row else len(lines[row - 1])
            taken.append(lines[row - 1][column:stop])
            row, column = (row, stop) if row == end_row else (row + 1, 0)
        return "".join(taken)

    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            parts.append(escape(upto(*token.start)))
            kind, written = _kind(token), escape(upto(*token.end))
            parts.append(Markup('<span class="{}">{}</span>').format(kind, written) if kind and written else written)
    except (tokenize.TokenError, SyntaxError):
        return escape(code)
    return Markup("").join(parts)


def _kind(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        return "k"
    name = tokenize.tok_name[token.type]
    return {"STRING": "s", "NUMBER": "n", "COMMENT": "c"}.get(name, "s" if name.startswith("FSTRING") else "")
