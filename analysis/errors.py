"""The one error a user's mistake ends in."""

from __future__ import annotations

_LONGEST_SHOWN = 80


class InputError(Exception):
    """A mistake in what the user gave: it says where, what, why, what is allowed and what to try.

    `str(error)` is one line. Jupyter shows that line instead of a traceback.

    >>> print(InputError("confidence is out of range", value=95, allowed="above 0 and below 1"))
    confidence is out of range: 95; allowed: above 0 and below 1
    """

    def __init__(
        self,
        problem: str,
        *,
        where: object = "",
        value: object = None,
        allowed: object = "",
        hint: str = "",
    ):
        text = f"{shown(where, quote=False)}: " if where else ""
        text += problem
        if value is not None:
            text += f": {shown(value)}"
        if allowed:
            text += f"; allowed: {shown(_listed(allowed), quote=False, longest=400)}"
        if hint:
            text += f"; try {shown(hint, quote=False, longest=400)}"
        super().__init__(text)

    def _render_traceback_(self) -> list[str]:
        """Lines that IPython prints in place of a traceback."""
        return [f"InputError: {self}"]


def shown(value: object, *, quote: bool = True, longest: int = _LONGEST_SHOWN) -> str:
    """A value as safe text for a terminal: one line, bounded, nothing invisible.

    Control, format and bidirectional characters are written as escapes.

    >>> shown("a\\x1b[31m")
    "'a\\\\x1b[31m'"
    """
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    safe = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )
    return f"'{safe}'" if quote and isinstance(value, str) else safe


def shown_lines(text: str) -> str:
    """A text of several lines with everything invisible in a line written as an escape."""
    return "\n".join(shown(line, quote=False, longest=4000) for line in text.split("\n"))


def _listed(allowed: object) -> str:
    """Allowed values as a phrase: strings as they are, other collections joined by commas."""
    if isinstance(allowed, str):
        return allowed
    values = [str(value) for value in allowed]
    more = f" … ({len(values)} in all)" if len(values) > 20 else ""
    return ", ".join(values[:20]) + more
