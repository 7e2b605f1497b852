"""The colours of the report, light and dark, and the CSS variables made of them.

The series colours start from the colour-blind-safe set of Okabe and Ito (2008), darkened or lightened until each
stands out 3:1 from the paper; text pairs reach 4.5:1 (WCAG 2.2 AA). The tests hold them to it.
"""

from __future__ import annotations

SERIES = 6
HEAT = 6

_LIGHT = {
    "page": "#f4f5f3",
    "paper": "#ffffff",
    "sunken": "#eef0ee",
    "ink": "#1b2227",
    "muted": "#56616a",
    "rule": "#d5dad9",
    "strong": "#6f7a80",
    "accent": "#0b5d8f",
    "good": "#00694e",
    "bad": "#a83a0c",
    "note": "#fdf3dc",
    "note-ink": "#5c3d00",
    "note-rule": "#c08a1c",
    "series-0": "#0072b2",
    "series-1": "#c24a00",
    "series-2": "#007a59",
    "series-3": "#9c4a86",
    "series-4": "#8a6100",
    "series-5": "#4f5b63",
}
_DARK = {
    "page": "#12171a",
    "paper": "#1a2024",
    "sunken": "#232b30",
    "ink": "#e8ecec",
    "muted": "#a7b3b9",
    "rule": "#344047",
    "strong": "#8897a0",
    "accent": "#82c3ee",
    "good": "#63cdaa",
    "bad": "#f79a6c",
    "note": "#332a16",
    "note-ink": "#f3ddb0",
    "note-rule": "#c0923a",
    "series-0": "#62b2e6",
    "series-1": "#f2935c",
    "series-2": "#4cc49f",
    "series-3": "#d99bc9",
    "series-4": "#dfb24a",
    "series-5": "#b4bfc5",
}


def _mixed(first: str, second: str, share: float) -> str:
    """``share`` of ``second`` in ``first``, channel by channel."""
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _with_heat(colours: dict[str, str], strongest: float) -> dict[str, str]:
    """Adds the ramps of the confusion matrix: hit-1 .. hit-6 (right) and miss-1 .. miss-6 (wrong)."""
    out = dict(colours)
    for name, hue in (("hit", "series-0"), ("miss", "series-1")):
        for level in range(1, HEAT + 1):
            out[f"{name}-{level}"] = _mixed(colours["paper"], colours[hue], strongest * level / HEAT)
    return out


LIGHT = _with_heat(_LIGHT, 0.45)
DARK = _with_heat(_DARK, 0.42)


def contrast(first: str, second: str) -> float:
    """The WCAG contrast ratio of two colours (1 to 21)."""
    one, two = sorted((_luminance(first), _luminance(second)))
    return (two + 0.05) / (one + 0.05)


def _luminance(colour: str) -> float:
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (part / 255 for part in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def css() -> str:
    """Light as the default, dark by system or by the button, light again on paper."""
    light, dark = _variables(LIGHT), _variables(DARK)
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
        f"@media print{{:root:root:root{{color-scheme:light;{light}}}}}\n"
    )


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())
