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
_KINDS = ("frames", "actors", "terms")
_MAX_GAP = 20
_MAX_WORDS = 20
NAME = regex.compile(r"[\p{L}\p{N}_][\p{L}\p{M}\p{N}_ -]{0,59}")
_PIECE = regex.compile(
    rf"(?V1)(?<!{WORD}|\*)\p{{L}}(?:\.\p{{L}})+(?!{WORD}|\*)\.?(?:[{APOSTROPHES}][sS](?!{WORD}|\*))?"
    rf"|(?:{WORD}|\*)+(?:[{APOSTROPHES}](?:{WORD}|\*)+)*"
)
_PARTS = regex.compile(rf"\*?{HAN.pattern}(?:\*+{HAN.pattern})*\**|.[^{HAN.pattern[1:-2]}]*")
_NEVER_IN_A_WORD = frozenset("[](){}|^$+?\\<>")
_GAP = regex.compile(r"~([0-9]{1,2})")
_MISPLACED_GAP = "a gap stands between two words"
_GRAMMAR = "words, * for any letters within a word, ~N for up to N words between two words"


@dataclass(frozen=True)
class Rule:
    """A sequence of word patterns; at most `gaps[i]` words may be between word i and i + 1.

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

    `toneless` are rules whose words have no tone, as they name the subject of the texts.
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
        sets = [(kind, *named) for kind in _KINDS for named in getattr(self, kind).items()]
        sets += [("toneless", self.toneless)] if self.toneless else []
        return hashlib.sha256(repr(sets).encode("utf-8")).hexdigest()


def parse_rule(text: str, where: str = "") -> Rule:
    """A rule from its text.

    >>> parse_rule("narrow* ~3 start-up")
    Rule(text='narrow* ~3 start-up', words=('narrow*', 'start', 'up'), gaps=(3, 0))

    Raises InputError for a rule without a word, a lone `*`, a stray `~`, or a character of a regular
    expression.
    """
    try:
        return read_rule(text)
    except ValueError as error:
        raise InputError(f"{error}, in rule", where=where, value=text, allowed=_GRAMMAR) from error


def read_rule(text: str) -> Rule:
    """`parse_rule` for text of any origin: raises ValueError, which says only what is wrong."""
    words: list[str] = []
    gaps: list[int] = []
    gap = 0
    for piece in composed(text).split():
        if piece.startswith("~") and words and not gap:
            gap = _parse_gap(piece)
            continue
        found = _words_of(piece)
        gaps += [gap] * bool(words) + [0] * (len(found) - 1)
        words += found
        gap = 0
    if gap:
        raise ValueError(_MISPLACED_GAP)
    if not words:
        raise ValueError("no word")
    if len(words) > _MAX_WORDS:
        raise ValueError(f"more than {_MAX_WORDS} words")
    return Rule(text, tuple(words), tuple(gaps))


def _parse_gap(piece: str) -> int:
    found = _GAP.fullmatch(piece)
    if not found or not 1 <= int(found[1]) <= _MAX_GAP:
        raise ValueError(f"a gap is ~1 to ~{_MAX_GAP}")
    return int(found[1])


def _words_of(piece: str) -> list[str]:
    """The words of a part of a rule that has no space; raises ValueError where there are none."""
    if "~" in piece:
        raise ValueError(_MISPLACED_GAP)
    if _NEVER_IN_A_WORD & set(piece):
        raise ValueError("a character that no word holds")
    found = [word for match in _PIECE.finditer(piece) for word in _words_in(match.group())]
    if not found:
        raise ValueError("a part without a letter or digit")
    if any(not word.strip("*") for word in found):
        raise ValueError("a * without any letter")
    return found


def _words_in(piece: str) -> list[str]:
    """The words of a run of letters: Chinese characters and the letters beside them are separate.

    Chinese stays as it was written; what it matches depends on the words of the texts
    (`language.parts`).
    """
    if not is_chinese_word(piece):
        return [normal_form(piece)]
    return [word if HAN.search(word) else normal_form(word) for word in _PARTS.findall(piece)]


def is_chinese_word(word: str) -> bool:
    """Whether such text is cut into words: it holds Chinese characters, and none of Japanese."""
    return is_cut(word.replace("*", ""))


def read_codebook(file: str | Path) -> Codebook:
    """The codebook of a YAML file; raises InputError with the line of a mistake."""
    file = Path(file)
    if not file.is_file():
        raise InputError("no such codebook", value=str(file), allowed="a YAML file")
    if _is_comment(read_text(file)):
        return Codebook(file.stem, "", {}, {}, {})
    top = read_yaml(file)
    top.only(("name", "version", *_KINDS, "neutral", "toneless"))
    if top.has("neutral") and top.has("toneless"):
        raise top.get("toneless").error("is the old name of 'neutral'; both are given")
    return Codebook(
        name=top.text_of("name") or file.stem,
        version=top.text_of("version"),
        **{kind: _rule_sets(top, kind) for kind in _KINDS},
        toneless=_neutral_rules(top, "toneless" if top.has("toneless") else "neutral"),
    )


def _is_comment(text: str) -> bool:
    """Whether a YAML text holds comments and nothing else, as a template with all of it left out."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return bool(lines) and all(line.startswith("#") for line in lines)


def corpus_codebook(corpus: Corpus, path: str = "", *, leave_out: Iterable[str] = ()) -> Codebook:
    """The codebook at `path`, or the corpus folder's own codebook.yaml; an empty one for neither.

    `leave_out` are rules of frames to do without, each as `without` takes it.
    """
    own = corpus.folder / "codebook.yaml" if corpus.folder else None
    file = locate(path) if path else own
    if path or (own is not None and own.exists()):
        return without(read_codebook(file), leave_out)
    return without(Codebook("none", "", {}, {}, {}), leave_out)


def without(codebook: Codebook, leave_out: Iterable[str]) -> Codebook:
    """A codebook without some rules of its frames, each written as 'frame: rule'.

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
        allowed = "up to 60 letters, digits, spaces, _ and -"
        raise node.error("is not a name", value=name, allowed=allowed)
    if isinstance(node.value, list):
        rules, examples = _rules_of(node, name)
        return RuleSet(name, rules, examples=examples)
    node.only(("about", "rules", "except", "match", "not_match"))
    rules, examples = _rules_of(node.get("rules"), name)
    exceptions = _rules_of(node.get("except"), name)[0] if node.has("except") else ()
    examples = (*_examples_of(node, "match", "not_match"), *examples)
    return RuleSet(name, rules, exceptions, node.text_of("about"), examples)


def _rules_of(node: Node, name: str) -> tuple[tuple[Rule, ...], tuple[Example, ...]]:
    """The rules of a list and their examples: each item is a text, or {rule: …, match: […], not: […]}.

    Raises InputError where there is no rule or one appears twice.
    """
    rules: list[Rule] = []
    examples: list[Example] = []
    seen: dict[tuple, str] = {}
    for item in node.items():
        has_examples = isinstance(item.value, dict)
        if has_examples:
            item.only(("rule", "match", "not"))
        text = item.get("rule").text() if has_examples else item.text()
        rule = parse_rule(text, item.where)
        if rule.meaning in seen:
            problem = f"rule of {shown(name)} appears twice (first in {seen[rule.meaning]})"
            raise item.error(problem, value=text)
        seen[rule.meaning] = item.where
        rules.append(rule)
        examples += _examples_of(item, "match", "not", rule) if has_examples else ()
    if not rules:
        raise node.error(f"{shown(name)} has no rules", allowed="at least one rule")
    return tuple(rules), tuple(examples)


def _examples_of(node: Node, match: str, not_match: str, rule: Rule | None = None) -> list[Example]:
    """The texts under two keys of an entry: those that must be found, and those that must not.

    Raises InputError for a text that no document could hold, or without a word.
    """
    examples = []
    for key in (match, not_match):
        for item in node.get(key).items() if node.has(key) else ():
            text = item.text()
            if "\x00" in text or not any(character.isalnum() for character in text):
                allowed = "a text with a letter or digit, without NUL"
                raise item.error("is not an example", allowed=allowed)
            examples.append(Example(text, key == match, item.where, rule))
    return examples


def _neutral_rules(top: Node, key: str) -> tuple[Rule, ...]:
    """The rules under a key of the codebook, each a plain text; the list may be empty or missing."""
    if not top.has(key) or not top.texts(key):
        return ()
    return _rules_of(top.get(key), key)[0]


def term_sets(terms: Iterable[str], groups: Mapping[str, RuleSet]) -> dict[str, RuleSet]:
    """The rule set of each term: a term group of the codebook by its name, else a single rule.

    Raises InputError for a term that is not a rule, or appears twice.
    """
    sets: dict[str, RuleSet] = {}
    if not list(terms):
        raise InputError("there are no terms", where="terms", allowed="at least one rule or group")
    for term in terms:
        if not isinstance(term, str):
            raise InputError("a term is a text", where="terms", value=term)
        if term in sets:
            raise InputError("term appears twice", where="terms", value=term)
        sets[term] = groups.get(term) or RuleSet(term, (parse_rule(term, "terms"),))
    return sets
