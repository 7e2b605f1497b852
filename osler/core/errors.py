"""The errors of Osler, as one tree.

OslerError
  SpecError      a study file, recipe or block says something that cannot be
  DataError      a file or table is missing, broken or not what it claims to be
  ModelError     a model did not answer; ``retryable`` says whether asking again may help
  ToolError      a tool was called with what it cannot use; its message goes back to the model that called it
  BudgetError    the next call could overspend the budget, so it was not made
  PrivacyError   text that identifies somebody was about to leave; never swallowed

A message is one sentence (what, where, got); ``hint`` is the fix. Messages carry ids, never patient text.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OslerError(Exception):
    """Root of the tree. ``hint`` is printed on its own line after the sentence."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class SpecError(OslerError):
    """A study file, recipe or block says something that cannot be."""


class DataError(OslerError):
    """A file or table is missing, broken or not what it claims to be."""


class ModelError(OslerError):
    """A model did not answer.

    ``retryable``: asking again may help (429, 5xx, time-out, cut connection). ``retry_after``: seconds that the
    server asked us to wait, or None. ``kind``: a short stable word for tables (``timeout``, ``http_429``, ...).
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
        kind: str = "model",
    ) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable
        self.retry_after = retry_after
        self.kind = kind


class ToolError(OslerError):
    """A tool was called with what it cannot use. A strategy hands the message to the model, which may call again."""


class BudgetError(OslerError):
    """The next call could overspend the budget, so it was not made."""


class PrivacyError(OslerError):
    """Text that identifies somebody was about to leave. Never caught to go on."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest of ``known`` to ``name``, or lists them when none is close."""
    names = sorted(known)
    bare = {other.casefold().replace("_", "").replace("-", ""): other for other in names}
    same = bare.get(name.casefold().replace("_", "").replace("-", ""))
    if same is not None and same != name:
        return f"did you mean {same!r}?"
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known names: {shown}" if names else "none is known here"
