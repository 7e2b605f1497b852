"""What a reader of a printed page sees: letters without ink, white on white, tiny or off the page are told from text."""

from __future__ import annotations

import ctypes
import importlib
import math
from typing import Any, NamedTuple

SMALLEST = 2.0  # points: smaller letters are no letters
WHITE = 250  # of 255, in each colour: what paper shows as white
_UNINKED = (3, 7)  # text render modes that paint nothing (ISO 32000-1, table 106)
_TEXT, _PATH, _IMAGE, _SHADING = 1, 2, 3, 4  # kinds of page objects in PDFium


class Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.bottom <= y <= self.top


def unseen(page: Any, textpage: Any) -> tuple[str, int, bool]:
    """The text that a reader of the page sees, the number of characters left out, and whether all of its text is the
    unseen layer of text recognition under a picture (which is kept)."""
    raw: Any = importlib.import_module("pypdfium2.raw")
    hidden, uninked, shown, pictures = _objects(page, raw)
    recognised = bool(uninked) and pictures and not shown
    if not recognised:
        hidden |= uninked
    if not hidden:
        return str(textpage.get_text_range(errors="ignore")), 0, recognised
    return (*_without(textpage, hidden, raw), recognised)


def _objects(page: Any, raw: Any) -> tuple[set[int], set[int], bool, bool]:
    """Addresses of texts that cannot be seen and of those without ink; whether any text is seen; whether there are pictures."""
    hidden: set[int] = set()
    uninked: set[int] = set()
    painted: list[Box] = []
    sheet = Box(*page.get_bbox())
    shown = pictures = False
    for item in page.get_objects():
        box = _bounds(item, raw)
        if item.type == _TEXT:
            place = _address(item.raw)
            if raw.FPDFTextObj_GetTextRenderMode(item.raw) in _UNINKED:
                uninked.add(place)
            elif _tiny(item, raw) or _away(box, sheet) or (_pale(item, raw) and not _on(box, painted)):
                hidden.add(place)
            else:
                shown = True
        elif item.type in (_IMAGE, _SHADING) or (item.type == _PATH and _filled(item, raw)):
            pictures = pictures or item.type == _IMAGE
            painted.append(box)
    return hidden, uninked, shown, pictures


def _without(textpage: Any, hidden: set[int], raw: Any) -> tuple[str, int]:
    """The characters of the page less those of ``hidden`` objects, and how many those are."""
    kept: list[int] = []
    left = 0
    for number in range(raw.FPDFText_CountChars(textpage.raw)):
        code = raw.FPDFText_GetUnicode(textpage.raw, number)
        owner = raw.FPDFText_GetTextObject(textpage.raw, number)
        if owner and _address(owner) in hidden:
            left += not chr(code).isspace()
        elif code:
            kept.append(code)
    text = "".join(map(chr, kept))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore"), left


def _address(pointer: Any) -> int:
    return int(ctypes.cast(pointer, ctypes.c_void_p).value or 0)


def _bounds(item: Any, raw: Any) -> Box:
    sides = [ctypes.c_float() for _ in range(4)]
    raw.FPDFPageObj_GetBounds(item.raw, *sides)
    return Box(*(side.value for side in sides))


def _colour(item: Any, raw: Any) -> tuple[int, ...]:
    """Red, green, blue and opacity of the fill, 0 to 255; black where it is a pattern."""
    held = [ctypes.c_uint() for _ in range(4)]
    return tuple(one.value for one in held) if raw.FPDFPageObj_GetFillColor(item.raw, *held) else (0, 0, 0, 255)


def _pale(item: Any, raw: Any) -> bool:
    red, green, blue, opacity = _colour(item, raw)
    return opacity == 0 or min(red, green, blue) >= WHITE


def _filled(item: Any, raw: Any) -> bool:
    mode, stroked = ctypes.c_int(), ctypes.c_int()
    return bool(raw.FPDFPath_GetDrawMode(item.raw, mode, stroked)) and mode.value != 0 and not _pale(item, raw)


def _tiny(item: Any, raw: Any) -> bool:
    size, matrix = ctypes.c_float(), raw.FS_MATRIX()
    if not raw.FPDFTextObj_GetFontSize(item.raw, size) or not raw.FPDFPageObj_GetMatrix(item.raw, matrix):
        return False
    return bool(size.value * math.hypot(matrix.c, matrix.d) < SMALLEST)


def _away(box: Box, sheet: Box) -> bool:
    return box.right < sheet.left or box.left > sheet.right or box.top < sheet.bottom or box.bottom > sheet.top


def _on(box: Box, painted: list[Box]) -> bool:
    """Whether the middle of a text lies on something painted before it."""
    x, y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    return any(one.holds(x, y) for one in painted)
