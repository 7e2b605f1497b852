"""Language tags (BCP 47) out of what files write, and a guess by script where they write nothing."""

from __future__ import annotations

import re

from osler.knowledge.chunking.words import IDEOGRAPHS

_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
# ISO 639-2 (as PubMed writes it) and English names.
_CODES = {
    "eng": "en", "english": "en", "chi": "zh", "zho": "zh", "chinese": "zh", "spa": "es", "spanish": "es", "fre": "fr",
    "fra": "fr", "french": "fr", "ger": "de", "deu": "de", "german": "de", "ita": "it", "italian": "it", "jpn": "ja",
    "japanese": "ja", "por": "pt", "portuguese": "pt", "rus": "ru", "russian": "ru", "kor": "ko", "korean": "ko",
    "pol": "pl", "dut": "nl", "nld": "nl", "tur": "tr", "ara": "ar", "hun": "hu", "cze": "cs", "ces": "cs", "swe": "sv",
    "dan": "da", "nor": "no", "fin": "fi", "gre": "el", "ell": "el", "heb": "he", "ukr": "uk", "rum": "ro", "ron": "ro",
    "cat": "ca", "hrv": "hr", "slv": "sl", "per": "fa", "fas": "fa", "ind": "id", "vie": "vi", "tha": "th", "hin": "hi",
}  # fmt: skip
_IDEOGRAPH = re.compile(rf"[{IDEOGRAPHS}]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_LETTER = re.compile(r"[^\W\d_]")
_LOOKED_AT = 4000  # characters: enough to tell a script


def tag(said: str) -> str:
    """``eng``, ``EN``, ``en_US`` and ``English`` as a tag; "und" (undetermined) for what is none."""
    head, _, rest = said.strip().replace("_", "-").partition("-")
    head = _CODES.get(head.lower(), head.lower())
    whole = f"{head}-{rest}" if rest else head
    return whole if _TAG.fullmatch(whole) else "und"


def guessed(text: str) -> str:
    """ "zh" or "ja" where a fifth of the letters are of that script, else "en"."""
    beginning = text[:_LOOKED_AT]
    letters = len(_LETTER.findall(beginning))
    if not letters or len(_IDEOGRAPH.findall(beginning)) < 0.2 * letters:
        return "en"
    return "ja" if len(_KANA.findall(beginning)) >= 0.05 * letters else "zh"
