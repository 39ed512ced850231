"""Codebooks: frames, actors and term groups, each a set of rules made of words, `*` and `~N`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import regex

from analysis.corpus import Corpus, locate
from analysis.errors import InputError, shown
from analysis.files import Node, composed, read_text, read_yaml
from analysis.language.chinese import HAN, is_cut
from analysis.language.words import APOSTROPHES, WORD, normal_form

NOBODY = "no actor"
_WIDEST_GAP = 20
_MOST_WORDS = 20
NAME = regex.compile(r"[\p{L}\p{N}_][\p{L}\p{M}\p{N}_ -]{0,59}")
_PIECE = regex.compile(
    rf"(?V1)(?<!{WORD}|\*)\p{{L}}(?:\.\p{{L}})+(?!{WORD}|\*)\.?(?:[{APOSTROPHES}][sS](?!{WORD}|\*))?"
    rf"|(?:{WORD}|\*)+(?:[{APOSTROPHES}](?:{WORD}|\*)+)*"
)
_PARTS = regex.compile(rf"\*?{HAN.pattern}(?:\*+{HAN.pattern})*\**|.[^{HAN.pattern[1:-2]}]*")
_NEVER_IN_A_WORD = frozenset("[](){}|^$+?\\<>")
_GRAMMAR = "words, * for any letters within a word, ~N for up to N words between two words"


@dataclass(frozen=True)
class Rule:
    """A sequence of word patterns; `gaps[i]` words at most may stand between word i and i + 1.

    `text` is the rule as it was written.
    """

    text: str
    words: tuple[str, ...]
    gaps: tuple[int, ...]

    @property
    def is_chinese(self) -> bool:
        """Whether the rule has a Chinese word."""
        return any(map(is_chinese_word, self.words))

    @property
    def meaning(self) -> tuple:
        """What the rule matches; two spellings of one rule have the same meaning."""
        return self.words, self.gaps


@dataclass(frozen=True)
class Example:
    """A text that rules must find (`matches`) or must not: all of a rule set's, or one `rule`."""

    text: str
    matches: bool
    where: str
    rule: Rule | None = None


@dataclass(frozen=True)
class RuleSet:
    """Rules that count as one thing (a frame, an actor, a term group), and their exceptions.

    `examples` test the rules and change nothing that they find.
    """

    name: str
    rules: tuple[Rule, ...]
    exceptions: tuple[Rule, ...] = ()
    about: str = ""
    examples: tuple[Example, ...] = field(default=(), repr=False, compare=False)

    def has_rules_in(self, language: str) -> bool:
        """Whether a rule is written in Chinese (for zh), or in other letters (for any other language)."""
        return any(rule.is_chinese == (language == "zh") for rule in self.rules)


@dataclass(frozen=True)
class Codebook:
    """Frames, actors and term groups by name, in the order of the file.

    `toneless` are rules whose words carry no tone, as they name the subject of the texts.
    """

    name: str
    version: str
    frames: Mapping[str, RuleSet]
    actors: Mapping[str, RuleSet]
    terms: Mapping[str, RuleSet]
    toneless: tuple[Rule, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 over every rule set; comments and layout of the file do not count."""
        sets = [
            (kind, *named)
            for kind in ("frames", "actors", "terms")
            for named in getattr(self, kind).items()
        ]
        sets += [("toneless", self.toneless)] if self.toneless else []
        return hashlib.sha256(repr(sets).encode("utf-8")).hexdigest()


def parse_rule(text: str, where: str = "") -> Rule:
    """A rule from its text.

    >>> parse_rule("narrow* ~3 start-up")
    Rule(text='narrow* ~3 start-up', words=('narrow*', 'start', 'up'), gaps=(3, 0))

    Raises InputError for a rule without a word, a lone `*`, a stray `~`, or a sign of a regular
    expression.
    """

    def refused(problem: str) -> InputError:
        return InputError(problem, where=where, value=text, allowed=_GRAMMAR)

    words: list[str] = []
    gaps: list[int] = []
    gap = 0
    for piece in composed(text).split():
        if piece.startswith("~"):
            if gap or not words:
                raise refused("a gap stands between two words, in rule")
            gap = _parse_gap(piece, refused)
            continue
        if "~" in piece:
            raise refused("a gap stands between two words, in rule")
        if _NEVER_IN_A_WORD & set(piece):
            raise refused("a sign that no word holds, in rule")
        found = [word for match in _PIECE.finditer(piece) for word in _words_in(match.group())]
        if not found:
            raise refused("a part without a letter or digit, in rule")
        if any(not word.strip("*") for word in found):
            raise refused("a * without any letter, in rule")
        gaps += [gap] * bool(words) + [0] * (len(found) - 1)
        words += found
        gap = 0
    if not words:
        raise refused("a rule without a word")
    if gap:
        raise refused("a gap stands between two words, in rule")
    if len(words) > _MOST_WORDS:
        raise refused(f"more than {_MOST_WORDS} words, in rule")
    return Rule(text, tuple(words), tuple(gaps))


def _words_in(piece: str) -> list[str]:
    """The words of a run of letters: Chinese characters and the letters beside them are apart.

    Chinese stays as it was written; what it matches depends on the words of the texts
    (`language.parts`).
    """
    if not is_chinese_word(piece):
        return [normal_form(piece)]
    return [word if HAN.search(word) else normal_form(word) for word in _PARTS.findall(piece)]


def is_chinese_word(word: str) -> bool:
    """Whether texts are cut into words where this stands: it holds Chinese characters, no Japanese."""
    return is_cut(word.replace("*", ""))


def _parse_gap(piece: str, refused) -> int:
    number = piece[1:]
    if not (
        number.isascii()
        and number.isdecimal()
        and len(number) <= 2
        and 1 <= int(number) <= _WIDEST_GAP
    ):
        raise refused(f"a gap is ~1 to ~{_WIDEST_GAP}, in rule")
    return int(number)


def read_codebook(file: str | Path) -> Codebook:
    """The codebook of a YAML file; raises InputError with the line of a mistake."""
    file = Path(file)
    if not file.is_file():
        raise InputError("no such codebook", value=str(file), allowed="a YAML file")
    if _is_comment(read_text(file)):
        return Codebook(file.stem, "", {}, {}, {})
    top = read_yaml(file)
    top.only(("name", "version", "frames", "actors", "terms", "toneless"))
    return Codebook(
        name=top.text_of("name") or file.stem,
        version=top.text_of("version"),
        frames=_rule_sets(top, "frames"),
        actors=_rule_sets(top, "actors"),
        terms=_rule_sets(top, "terms"),
        toneless=_toneless_rules(top.get("toneless")) if top.has("toneless") else (),
    )


def _is_comment(text: str) -> bool:
    """Whether a YAML text holds comments and nothing else, as a template with all of it left out."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return bool(lines) and all(line.startswith("#") for line in lines)


def corpus_codebook(corpus: Corpus, path: str = "", *, leave_out: Iterable[str] = ()) -> Codebook:
    """The codebook at `path`, or the corpus folder's own codebook.yaml; an empty one for neither.

    `leave_out` are rules of frames to do without, each as `without` takes it.
    """
    if path:
        return without(read_codebook(locate(path)), leave_out)
    own = corpus.folder / "codebook.yaml" if corpus.folder else None
    if own is not None and own.exists():
        return without(read_codebook(own), leave_out)
    return without(Codebook("none", "", {}, {}, {}), leave_out)


def without(codebook: Codebook, leave_out: Iterable[str]) -> Codebook:
    """A codebook less some rules of its frames, each written as 'frame: rule'.

    Raises InputError for a rule that the frame does not have, and for a frame's only rule.
    """
    frames = dict(codebook.frames)
    for text in leave_out:
        name, _, rule = (part.strip() for part in text.partition(":"))
        if name not in frames:
            raise InputError("no such frame", where="leave_out", value=text, allowed=frames)
        kept = tuple(one for one in frames[name].rules if one.text != rule)
        if len(kept) == len(frames[name].rules):
            raise InputError("no such rule", where="leave_out", value=text, allowed="frame: rule")
        if not kept:
            raise InputError("is the only rule of its frame", where="leave_out", value=text)
        frames[name] = replace(frames[name], rules=kept)
    return replace(codebook, frames=frames)


def _rule_sets(top: Node, key: str) -> dict[str, RuleSet]:
    """The rule sets under a key of the codebook, none where the key or its value is not there."""
    if not top.has(key) or top.get(key).value == "":
        return {}
    return {name: _rule_set(name, node) for name, node in top.get(key).entries().items()}


def _rule_set(name: str, node: Node) -> RuleSet:
    """One rule set from its entry in the file; raises InputError with its line."""
    if name == NOBODY:
        raise node.error("name is reserved", value=name)
    if not NAME.fullmatch(name):
        raise node.error(
            "is no name", value=name, allowed="up to 60 letters, digits, spaces, _ and -"
        )
    if isinstance(node.value, list):
        own = tuple(one for item in node.value for one in _rule_examples(item))
        return RuleSet(name, _parse_rules(node, name), examples=own)
    node.only(("about", "rules", "except", "match", "not_match"))
    return RuleSet(
        name=name,
        rules=_parse_rules(node.get("rules"), name),
        exceptions=_parse_rules(node.get("except"), name) if node.has("except") else (),
        about=node.text_of("about"),
        examples=(
            *_examples_of(node, "match", "not_match"),
            *(one for item in node.get("rules").items() for one in _rule_examples(item)),
        ),
    )


def _rule_text(item: Node) -> Node:
    """A rule's text in its entry: the entry itself, or the `rule` of one with examples."""
    return item.get("rule") if isinstance(item.value, dict) else item


def _rule_examples(item: Node) -> tuple[Example, ...]:
    """The examples of one rule, written as {rule: …, match: […], not: […]}."""
    if not isinstance(item.value, dict):
        return ()
    item.only(("rule", "match", "not"))
    rule = parse_rule(item.get("rule").text(), item.where)
    return tuple(replace(one, rule=rule) for one in _examples_of(item, "match", "not"))


def _examples_of(node: Node, match: str, not_match: str) -> tuple[Example, ...]:
    """The texts under two keys of an entry: those that must be found, and those that must not."""
    return tuple(
        Example(_example_text(item), key == match, item.where)
        for key in (match, not_match)
        for item in (node.get(key).items() if node.has(key) else ())
    )


def _example_text(item: Node) -> str:
    """The text of an example; raises InputError where no document could hold it, or it has no word."""
    text = item.text()
    if "\x00" in text or not any(sign.isalnum() for sign in text):
        raise item.error("is no example", allowed="a text with a letter or digit, without NUL")
    return text


def _parse_rules(node: Node, name: str) -> tuple[Rule, ...]:
    """The rules of a list; raises InputError where there are none or one stands twice."""
    rules: list[Rule] = []
    seen: dict[tuple, str] = {}
    for item in node.items():
        rule = parse_rule(_rule_text(item).text(), item.where)
        if rule.meaning in seen:
            raise item.error(f"rule of {shown(name)} stands twice (first in {seen[rule.meaning]})")
        seen[rule.meaning] = item.where
        rules.append(rule)
    if not rules:
        raise node.error(f"{shown(name)} has no rules", allowed="at least one rule")
    return tuple(rules)


def _toneless_rules(node: Node) -> tuple[Rule, ...]:
    """The rules of a list that may be empty, each a plain text."""
    for item in node.items():
        item.text()
    return _parse_rules(node, "toneless") if node.items() else ()


def term_sets(terms: Iterable[str], groups: Mapping[str, RuleSet]) -> dict[str, RuleSet]:
    """The rule set of each term: a term group of the codebook by its name, else a single rule.

    Raises InputError for a term that is no rule, or stands twice.
    """
    sets: dict[str, RuleSet] = {}
    if not list(terms):
        raise InputError("there are no terms", where="terms", allowed="at least one rule or group")
    for term in terms:
        if not isinstance(term, str):
            raise InputError("a term is a text", where="terms", value=term)
        if term in sets:
            raise InputError("term stands twice", where="terms", value=term)
        sets[term] = groups.get(term) or RuleSet(term, (parse_rule(term, "terms"),))
    return sets


def rules_told(sets: Mapping[str, RuleSet]) -> str:
    """Rule sets with their rules, a line each."""
    lines = (
        f"{shown(name, quote=False)}: {', '.join(shown(r.text, quote=False) for r in rules.rules)}"
        for name, rules in sets.items()
    )
    return "\n".join(lines)
