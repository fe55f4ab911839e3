"""The page of each result in `climb_results`, rendered once."""

from climb_results import VARIANTS
from pages import Page

from epochal.report.page import render

PAGES = {name: render(build()) for name, build in VARIANTS.items()}


def page(name: str) -> Page:
    return Page(PAGES[name])
