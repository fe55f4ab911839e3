"""The marks of the verdicts."""

from markupsafe import Markup

from epochal.report.svg import element


def sign(slug: str) -> Markup:
    """The mark of a verdict around its centre: recognised by its shape, not by its colour alone."""
    round_ = element("circle", r=8, class_="disc")
    shapes = {
        "confirmed": (round_, element("path", d="M-3.8 .4L-1.2 3.1L3.9-3", class_="stroke")),
        "refuted": (round_, element("path", d="M-3-3L3 3M3-3L-3 3", class_="stroke")),
        "equivalent": (round_, element("path", d="M-3.6-1.9H3.6M-3.6 1.9H3.6", class_="stroke")),
        "inconclusive": (
            element("circle", r=7.2, class_="disc open"),
            element("path", d="M0-7.2A7.2 7.2 0 0 0 0 7.2Z", class_="disc"),
        ),
    }
    return Markup("").join(shapes.get(slug, (element("circle", r=6.5, class_="disc open dashed"),)))
