"""Exclusions: rules that leave lines out of a text, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.errors import InputError, shown
from analysis.files import Node, composed, line_spans, read_yaml


@dataclass(frozen=True)
class Exclusion:
    """A rule that excludes lines of the named documents or sources, for a stated reason.

    Exactly one matcher: `line` (the whole line, `*` for any characters), `repeated` (a line seen
    before in the same document), or `first` up to but without `until` (to the end if empty).
    """

    id: str
    why: str
    documents: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    line: str = ""
    repeated: bool = False
    first: str = ""
    until: str = ""

    def lines(self, lines: list[str]) -> list[int]:
        """Numbers (from 0) of the lines that the rule excludes."""
        stripped = [line.strip() for line in lines]
        if self.repeated:
            first_at = {line: n for n, line in reversed(list(enumerate(stripped)))}
            return [n for n, line in enumerate(stripped) if line and first_at[line] < n]
        if self.line:
            return [n for n, line in enumerate(stripped) if line and like(self.line, line)]
        begins = next((n for n, line in enumerate(stripped) if like(self.first, line)), None)
        if begins is None:
            return []
        rest = range(begins + 1, len(lines))
        ends = next((n for n in rest if self.until and like(self.until, stripped[n])), None)
        if ends is None and self.until:
            raise InputError(
                f"rule {shown(self.id)} finds its 'from' but no later line", value=self.until
            )
        return [n for n in range(begins, ends or len(lines)) if stripped[n]]


def like(pattern: str, text: str) -> bool:
    """Whether the whole text fits a pattern in which `*` stands for any characters; linear time.

    >>> like("News·* min read·* words", "News·4 min read·644 words")
    True
    """
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last):
        return False
    place, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return text.endswith(last)


def read_exclusions(file: Path) -> list[Exclusion]:
    """The rules of an exclusions.yaml; raises InputError with the line of a mistake."""
    top = read_yaml(file)
    top.only(("rules",))
    rules = [_exclusion(node) for node in top.get("rules").items()]
    for number, rule in enumerate(rules):
        if rule.id in {earlier.id for earlier in rules[:number]}:
            raise InputError("rule id appears twice", where=file.name, value=rule.id)
    return rules


def _exclusion(node: Node) -> Exclusion:
    """One rule from its entry in the file; raises InputError with its line."""
    node.only(("id", "why", "documents", "sources", "line", "repeated", "from", "to"))
    node.exactly_one(("documents", "sources"))
    node.exactly_one(("line", "repeated", "from"))
    if node.has("to") and not node.has("from"):
        raise node.get("to").error("needs a 'from'")
    if node.has("repeated") and node.get("repeated").text() != "true":
        raise node.get("repeated").error("is not known here", allowed="true")
    return Exclusion(
        id=node.get("id").text(),
        why=node.get("why").text(),
        documents=tuple(node.texts("documents")),
        sources=tuple(node.texts("sources")),
        line=composed(node.text_of("line")),
        repeated=node.has("repeated"),
        first=composed(node.text_of("from")),
        until=composed(node.text_of("to")),
    )


def exclude_from(document: str, text: str, rules: list[Exclusion]) -> list[tuple]:
    """The rows of `excluded` of one document: each line with the first rule that hits it."""
    spans = line_spans(text)
    lines = [text[start:end] for start, end in spans]
    hit: dict[int, Exclusion] = {}
    for rule in rules:
        try:
            numbers = rule.lines(lines)
        except InputError as error:
            raise InputError.of(error, where=f"document {document}") from None
        for number in numbers:
            hit.setdefault(number, rule)
    return [
        (document, n + 1, *spans[n], rule.id, rule.why, lines[n].strip())
        for n, rule in sorted(hit.items())
    ]
