"""Reads a page strictly: every tag is closed where it should be, and no identifier is given twice."""

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}
LEADING = ("src", "href", "srcset", "xlink:href", "action", "poster", "data")


class Page(HTMLParser):
    """The elements and the words of a page."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"
        names = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        assert len(names) == len(set(names)), "an identifier is given twice"
        self.names = set(names)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> where </{self.open[-1]}> was due"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def links(self) -> list[str]:
        """Whatever the page would follow or load, images within it left out."""
        found = [attributes[key] or "" for _, attributes in self.elements for key in LEADING if key in attributes]
        return [link for link in found if not link.startswith("data:image/")]

    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}
