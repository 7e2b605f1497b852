"""SVG elements as escaped text. Every chart carries a title and a description for people who do not see it."""

from __future__ import annotations

from markupsafe import Markup, escape

Attribute = str | float | int
_NAMES = {"class_": "class", "view_box": "viewBox"}


def element(tag: str, *children: str, **attributes: Attribute) -> Markup:
    """``<tag ...>children</tag>``, all text escaped. ``_`` in a name stands for ``-``, but for class_ and view_box."""
    pairs = Markup("").join(
        Markup(' {}="{}"').format(_NAMES.get(name) or name.replace("_", "-"), _written(value))
        for name, value in attributes.items()
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(tag, pairs, inside)


def image(title: str, description: str, *children: str, **attributes: Attribute) -> Markup:
    """An ``<svg>`` that is announced as one picture."""
    named = [element("title", title), element("desc", description)]
    return element("svg", *named, *children, role="img", **attributes)


def percent(share: float) -> str:
    """``0.305`` -> ``30.5%``."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _written(value: Attribute) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
