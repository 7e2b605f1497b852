"""What a reader of a web page sees: hidden elements and comments are told from text, by markup and simple style rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import NamedTuple


def listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


VOID = listed("area base br col embed hr img input link meta source track wbr")
# No text of the page: code, drawings, ways to other pages, what is filled in.
FURNITURE = listed("script style nav svg canvas iframe object select button textarea audio video map datalist head")
_UNSEEN_ELEMENTS = listed("noscript template")
_UNSEEN_CLASSES = frozenset(("sr-only", "visually-hidden", "screen-reader-text"))
_CLOSED_BY = {  # elements whose end tag may be left out, and what begins after them
    "p": listed(
        "p div ul ol dl table h1 h2 h3 h4 h5 h6 section article header footer main aside blockquote pre figure hr form"
    ),
    "li": frozenset(["li"]),
    "dt": frozenset(["dt", "dd"]),
    "dd": frozenset(["dt", "dd"]),
    "td": frozenset(["td", "th", "tr", "tbody", "tfoot"]),
    "th": frozenset(["td", "th", "tr", "tbody", "tfoot"]),
    "tr": frozenset(["tr", "tbody", "tfoot"]),
    "option": frozenset(["option"]),
}
_LISTS = listed("ul ol dl table body html div section article")  # a closing does not reach through these
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIMPLE = re.compile(r"[\w-]+|\*|[.#][\w-]+")
_COMPOUND = re.compile(r"(?:[\w-]+|\*)?(?:[.#][\w-]+)*")
_LENGTH = re.compile(r"(-?[\d.]+)\s*(px|pt|em|rem|ex|%|vw|vh|cm|mm|in)?$")
_PIXELS = {"px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "ex": 8.0, "%": 0.16, "vw": 10.0, "vh": 10.0, "cm": 38.0, "mm": 3.8, "in": 96.0}  # fmt: skip
SMALLEST = 2.0  # pixels: smaller letters are no letters
_WHITE = frozenset(("white", "#fff", "#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)", "snow", "#fefefe"))
_CLEAR = re.compile(r"transparent|rgba\(.*,0(\.0+)?\)|hsla\(.*,0(\.0+)?\)|#[0-9a-f]{6}00|#[0-9a-f]{3}0")


class Element(NamedTuple):
    """An open element: ``state`` is shown, hidden or furniture; ``painted`` whether something other than white lies behind."""

    tag: str
    names: frozenset[str]
    state: str
    painted: bool


class Rule(NamedTuple):
    """A style rule: the compounds of its selector (outermost first, each its tag and names) and what it declares."""

    compounds: tuple[frozenset[str], ...]
    declares: Mapping[str, str]


class Visible(HTMLParser):
    """Walks through markup and hands on what a reader sees: override ``shown``, ``began`` and ``ended``.

    ``elements``, ``comments`` and ``characters`` count what was hidden. The rules of ``<style>`` elements are followed as far as
    their selectors are tags, classes, ids and descendants; style sheets in other files and scripts are not.
    """

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements = self.comments = self.characters = 0
        self.stack: list[Element] = []
        self._rules = _rules(markup)

    def shown(self, text: str) -> None: ...
    def began(self, tag: str, attributes: Mapping[str, str]) -> None: ...
    def ended(self, tag: str) -> None: ...

    @property
    def state(self) -> str:
        return self.stack[-1].state if self.stack else "shown"

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._imply(tag)
        element = self._element(tag, attributes)
        if tag not in VOID:
            self.stack.append(element)
        if element.state == "shown":
            self.began(tag, attributes)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # HTML knows no <div/>: only elements that are void anyway end at once

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place].tag == tag:
                while len(self.stack) > place:
                    self._pop()
                return

    def handle_data(self, data: str) -> None:
        if self.state == "shown":
            self.shown(data)
        elif self.state == "hidden":
            self.characters += len("".join(data.split()))

    def handle_comment(self, data: str) -> None:
        if self.state != "furniture" and data.strip():
            self.comments += 1
            self.characters += len("".join(data.split()))

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """``<![`` and what is no section of any kind is a comment up to the next ">", as browsers have it."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)  # a CDATA section is a comment to a browser

    def _pop(self) -> None:
        element = self.stack.pop()
        if element.state == "shown":
            self.ended(element.tag)

    def _imply(self, tag: str) -> None:
        for place in range(len(self.stack) - 1, -1, -1):
            held = self.stack[place].tag
            if tag in _CLOSED_BY.get(held, ()):
                while len(self.stack) > place:
                    self._pop()
                return
            if held in _LISTS:
                return

    def _element(self, tag: str, attributes: Mapping[str, str]) -> Element:
        names = frozenset(
            [tag, *("." + name for name in attributes.get("class", "").split()), "#" + attributes.get("id", "")]
        )
        above = self.stack[-1] if self.stack else Element("", frozenset(), "shown", False)
        style = self._style(names, attributes)
        painted = above.painted or _paints(style)
        if above.state != "shown":
            return Element(tag, names, above.state, painted)
        if tag in FURNITURE:
            return Element(tag, names, "furniture", painted)
        unseen = (
            "hidden" in attributes
            or attributes.get("aria-hidden", "").strip().lower() == "true"
            or tag in _UNSEEN_ELEMENTS
            or (tag == "dialog" and "open" not in attributes)
            or any(name[1:] in _UNSEEN_CLASSES for name in names if name[0] == ".")
            or conceals(style, painted=painted)
        )
        if unseen and tag not in VOID:
            self.elements += 1
        return Element(tag, names, "hidden" if unseen else "shown", painted)

    def _style(self, names: frozenset[str], attributes: Mapping[str, str]) -> dict[str, str]:
        style: dict[str, str] = {}
        for rule in self._rules:
            if rule.compounds[-1] <= names and self._within(rule.compounds[:-1]):
                style |= rule.declares
        if "bgcolor" in attributes:
            style["background-color"] = _value(attributes["bgcolor"])
        if "color" in attributes:
            style["color"] = _value(attributes["color"])
        return style | _declarations(attributes.get("style", ""))

    def _within(self, compounds: Sequence[frozenset[str]]) -> bool:
        """Whether open elements match ``compounds`` in this order."""
        place = 0
        for wanted in compounds:
            while place < len(self.stack) and not wanted <= self.stack[place].names:
                place += 1
            if place == len(self.stack):
                return False
            place += 1
        return True


def conceals(style: Mapping[str, str], *, painted: bool = False) -> bool:
    """Whether an element with these declarations shows its reader nothing. ``painted``: it lies on a colour."""
    color, behind = style.get("color", ""), style.get("background-color", style.get("background", ""))
    return (
        style.get("display") == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or _pixels(style.get("opacity", "")) == 0
        or (0 <= _pixels(style.get("font-size", ""), 16.0) < SMALLEST)
        or (color != "" and (_CLEAR.fullmatch(color) is not None or color == behind))
        or (color in _WHITE and not painted)
        or (
            "overflow" in style and any(_pixels(style.get(side, "")) == 0 for side in ("height", "width", "max-height"))
        )
        or _pixels(style.get("text-indent", ""), 1.0) <= -500
        or (style.get("position") in ("absolute", "fixed") and _away(style))
        or style.get("transform", "").startswith("scale(0")
    )


def _away(style: Mapping[str, str]) -> bool:
    """Put where no window reaches, or cut down to nothing."""
    far = any(abs(_pixels(style.get(side, ""), 1.0)) >= 500 for side in ("left", "top", "right", "bottom"))
    return (
        far
        or style.get("clip", "").startswith(("rect(0", "rect(1px"))
        or style.get("clip-path") in ("inset(50%)", "inset(100%)")
    )


def _paints(style: Mapping[str, str]) -> bool:
    behind = style.get("background-color", "") or style.get("background", "") or style.get("background-image", "")
    return (
        bool(behind)
        and behind not in _WHITE
        and behind not in ("none", "inherit", "initial")
        and not _CLEAR.fullmatch(behind)
    )


def _pixels(length: str, missing: float = -1.0) -> float:
    found = _LENGTH.match(length)
    try:
        return float(found[1]) * _PIXELS.get(found[2] or "px", 1.0) if found else missing
    except ValueError:
        return missing


def _value(text: str) -> str:
    return "".join(text.lower().replace("!important", "").split())


def _declarations(text: str) -> dict[str, str]:
    pairs = (piece.partition(":") for piece in re.sub(r"/\*.*?\*/", "", text, flags=re.S).split(";"))
    return {name.strip().lower(): _value(value) for name, colon, value in pairs if colon}


def _rules(markup: str) -> list[Rule]:
    found: list[Rule] = []
    for sheet in re.findall(r"<style\b[^>]*>(.*?)</style", markup, flags=re.S | re.I):
        plain = re.sub(r"/\*.*?\*/|<!--|-->", "", sheet, flags=re.S)
        plain = re.sub(r"@[^{;]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})", "", plain)  # rules for print, fonts, imports
        for selectors, body in _RULE.findall(plain):
            declares = _declarations(body)
            for selector in selectors.split(","):
                compounds = selector.replace(">", " ").split()
                if compounds and all(_COMPOUND.fullmatch(one) for one in compounds):
                    named = tuple(frozenset(_SIMPLE.findall(one)) - {"*"} for one in compounds)
                    found.append(Rule(named, declares))
    return found
