"""The one error a user's mistake ends in."""

from __future__ import annotations

_MAX_SHOWN = 80


class InputError(Exception):
    """A mistake in what the user gave: where it is, what is wrong, what is allowed, what to try.

    The parts stay attributes: `where` and `allowed` as they are shown, `problem`, `value`, `hint`
    as given. `str(error)` is one line. Jupyter shows that line instead of a traceback.

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
        self.problem, self.value, self.hint = problem, value, hint
        self.where = shown(where, quote=False) if where else ""
        self.allowed = _listed(allowed) if allowed else ""
        super().__init__(f"{self.where}: {self.reason}" if where else self.reason)

    @property
    def reason(self) -> str:
        """What is wrong, the value, what is allowed and what to try; without the place."""
        parts = [self.problem if self.value is None else f"{self.problem}: {shown(self.value)}"]
        parts += [f"allowed: {shown(self.allowed, quote=False, longest=400)}"] * bool(self.allowed)
        parts += [f"try {shown(self.hint, quote=False, longest=400)}"] * bool(self.hint)
        return "; ".join(parts)

    @classmethod
    def of(cls, error: InputError, *, where: object = "") -> InputError:
        """An error as one of this class, at its own place or another."""
        parts = {"value": error.value, "allowed": error.allowed, "hint": error.hint}
        return cls(error.problem, where=where or error.where, **parts)

    def _render_traceback_(self) -> list[str]:
        """Lines that IPython prints in place of a traceback."""
        return [f"InputError: {self}"]


def shown(value: object, *, quote: bool = True, longest: int = _MAX_SHOWN) -> str:
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
