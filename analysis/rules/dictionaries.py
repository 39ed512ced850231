"""Dictionaries of other programs: read into a codebook, and written from one, losses reported."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import regex

from analysis.errors import InputError
from analysis.files import Node, composed, read_yaml, refuse_device
from analysis.language.words import folded
from analysis.rules.codebook import NAME, NOBODY, Codebook, Example, Rule, RuleSet, read_rule

_KINDS = ("frames", "actors", "terms")
_CASES = ("any", "as written")
_OWN_ENTRIES = "__"  # quanteda's key for a category's own entries beside its subcategories
_BETWEEN_LEVELS = " - "
_MAX_ENTRY = 200
_MAX_NAME = 60
_LEGEND = regex.compile(r"(\t*)\s*(\d{1,6})\s+(\S.*)")
_CODES = regex.compile(r"(.+?)((?:\s+\d{1,6})+)\s*")
_COLOUR = regex.compile(r"#[0-9A-Fa-f]{6}\Z")
_WEIGHTED = regex.compile(r"(.*\S) \((-?\d{1,9}(?:[.,]\d{1,9})?)\)")
_STRAY = "is before the first category"
_NO_RULE = "no rule is left of this category"
_HEADING = """\
# quanteda dictionary. Tokenise with split_hyphens = TRUE and look up without regard to case:
# here self-reliance is two words, and China's an occurrence of China.
"""


@dataclass(frozen=True)
class _Entry:
    """An item of a dictionary: where it is, its categories from the outermost, and its text.

    `words` is the pattern that it means, None where no rule can say it; `problem` is what is lost.
    """

    where: str
    path: tuple[str, ...]
    text: str
    words: str | None = None
    problem: str = ""

    def loss(self, text: str, problem: str, became: str = "") -> _Loss:
        """A loss in this place."""
        category = _BETWEEN_LEVELS.join(self.path)
        return _Loss(self.where, category, text[:_MAX_ENTRY], problem, became)


class _Loss(NamedTuple):
    """What could not be carried over as it was; `became` is what replaces it, '' for nothing."""

    where: str
    category: str
    entry: str
    problem: str
    became: str = ""


@dataclass(frozen=True)
class _Imported:
    """A codebook from a dictionary, and what could not be carried over (see `report`)."""

    codebook: Codebook
    losses: tuple[_Loss, ...]

    @property
    def report(self) -> pd.DataFrame:
        """One row a loss: where, category, entry, problem, became ('' where it was left out)."""
        return pd.DataFrame(self.losses, columns=_Loss._fields, dtype=object)


def read_dictionary(
    file: str | Path,
    *,
    format: str = "",
    kind: str = "frames",
    case: str = "any",
    encoding: str = "utf-8",
) -> _Imported:
    """The codebook of a dictionary of quanteda (YAML), LIWC, Lexicoder or WordStat.

    `format` is guessed from the file's name where it is empty; `kind` says what the categories
    become (frames, actors, terms). `case` 'any' writes every entry in lower case, which is how
    those programs match; 'as written' lets an entry with a capital match only that. Nested
    categories become one level, their names joined by ' - '.

    Raises InputError for an unknown format, kind or case, a file that cannot be read as the
    format, and one of which no rule is left.
    """
    file = Path(file)
    guesses = (name for name, one in _FORMATS.items() if file.suffix.lower() in one[0])
    format = format or next(guesses, "")
    for value, allowed, what, where in (
        (format, _FORMATS, "format of a dictionary", file.name),
        (kind, _KINDS, "kind of rule set", "kind"),
        (case, _CASES, "case", "case"),
    ):
        if value not in allowed:
            raise InputError(f"unknown {what}", where=where, value=value, allowed=allowed)
    entries = list(_FORMATS[format][1](file, encoding))
    losses: list[_Loss] = []
    sets = _rule_sets_of(entries, case, losses)
    if not sets:
        raise InputError("no rule could be read", where=file.name, allowed=f"a {format} dictionary")
    book = {name: sets if name == kind else {} for name in _KINDS}
    return _Imported(Codebook(file.stem, "", **book), tuple(losses))


def _numbered_lines(file: Path, encoding: str) -> list[tuple[str, str]]:
    """Every line of a text file with its place; control characters other than tabs dropped."""
    refuse_device(file, file.name)
    try:
        text = file.read_bytes().decode(encoding).removeprefix("\ufeff")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=file.name) from error
    except (LookupError, UnicodeDecodeError) as error:
        problem, allowed = (
            f"cannot be read as {encoding} ({error})",
            "another encoding, such as cp1252",
        )
        raise InputError(problem, where=file.name, allowed=allowed) from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [
        (f"{file.name}, line {number}", regex.sub(r"[^\P{Cc}\t]", "", line))
        for number, line in enumerate(lines, 1)
    ]


# --- the formats -------------------------------------------------------------------------------------


def _quanteda(file: Path, encoding: str) -> Iterator[_Entry]:
    """Entries of a quanteda dictionary in YAML: lists of patterns under keys, keys under keys."""
    return _quanteda_entries(read_yaml(file), ())


def _quanteda_entries(node: Node, path: tuple[str, ...]) -> Iterator[_Entry]:
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from _quanteda_entries(child, path if key == _OWN_ENTRIES else (*path, key))
    elif not path:
        raise node.error("a mapping (category: patterns) is expected here")
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _quanteda_entries(child, path)
    elif "_" in node.value.strip("_"):
        words = node.value.replace("_", " ")
        yield _Entry(node.where, path, node.value, words, "a compounded token")
    else:
        yield _Entry(node.where, path, node.value, node.value)


def _liwc(file: Path, encoding: str) -> Iterator[_Entry]:
    """Entries of a LIWC dictionary: a legend of numbered categories between two lines of %, then
    words with the numbers of their categories. Indented categories are nested."""
    lines = _numbered_lines(file, encoding)
    marks = [n for n, (_, line) in enumerate(lines) if line.strip() == "%"]
    if len(marks) < 2:
        problem = "is not a LIWC dictionary: no legend between two lines of %"
        raise InputError(problem, where=lines[0][0])
    paths: dict[int, tuple[str, ...]] = {}
    yield from _liwc_legend(lines[marks[0] + 1 : marks[1]], paths)
    for where, line in lines[marks[1] + 1 :]:
        text = line.strip()
        found = _CODES.fullmatch(text[: 10 * _MAX_ENTRY])
        if not text:
            continue
        if not found or set("()<>/") & set(text):
            yield _Entry(where, (), text, problem="not a word and numbers of categories")
            continue
        for code in dict.fromkeys(map(int, found[2].split())):
            word = found[1].strip()
            if code in paths:
                yield _Entry(where, paths[code], word, word)
            else:
                yield _Entry(where, (str(code),), word, problem="category is not in the legend")


def _liwc_legend(
    lines: list[tuple[str, str]], paths: dict[int, tuple[str, ...]]
) -> Iterator[_Entry]:
    """Fill the path of each numbered category; what is lost on the way is returned."""
    above: list[tuple[int, str]] = []
    for where, line in lines:
        found = _LEGEND.fullmatch(line.rstrip())
        if not found:
            if line.strip():
                yield _Entry(where, (), line.strip(), problem="not a number and a category")
            continue
        depth, code, name = len(found[1]), int(found[2]), found[3]
        if code in paths:
            yield _Entry(where, (name,), found[2], problem="number of a category appears twice")
            continue
        above = [*(one for one in above if one[0] < depth), (depth, name)]
        paths[code] = tuple(key for _, key in above)


def _lexicoder(file: Path, encoding: str) -> Iterator[_Entry]:
    """Entries of a Lexicoder 3 dictionary: a line `+category` (its colour dropped), then a
    pattern a line."""
    lines = _numbered_lines(file, encoding)
    if lines[0][1].lstrip().startswith("<"):
        allowed = "a dictionary saved as .lc3"
        raise InputError("is XML, which is not read", where=lines[0][0], allowed=allowed)
    path: tuple[str, ...] = ()
    for where, line in lines:
        text = line.strip()
        if text.startswith("+"):
            path = (_COLOUR.sub("", text.lstrip("+")).strip(),)
        elif text:
            yield _Entry(where, path, text, text if path else None, "" if path else _STRAY)


def _wordstat(file: Path, encoding: str) -> Iterator[_Entry]:
    """Entries of a WordStat categorisation dictionary: tabs nest, `ITEM (weight)` is a pattern,
    `_` a space, `@` a rule of proximity, a line without a weight a category."""
    above: list[tuple[int, str]] = []
    for where, line in _numbered_lines(file, encoding):
        depth, text = len(line) - len(line.lstrip()), line.strip()
        if not text:
            continue
        above = [one for one in above if one[0] < depth]
        path = tuple(name for _, name in above)
        found = _WEIGHTED.fullmatch(text) if len(text) <= 2 * _MAX_ENTRY else None
        if text.startswith("@") or (found and found[1].startswith("#")):
            problem = "a rule of proximity or a reference to a category"
            yield _Entry(where, path, text, problem=problem)
        elif not found:
            above.append((depth, text))
        elif not path:
            yield _Entry(where, (), text, problem=_STRAY)
        else:
            problem = "" if found[2] == "1" else f"weight {found[2]}"
            yield _Entry(where, path, found[1], found[1].replace("_", " "), problem)


_FORMATS = {
    "quanteda": ((".yml", ".yaml"), _quanteda),
    "liwc": ((".dic",), _liwc),
    "lexicoder": ((".lc3", ".lcd"), _lexicoder),
    "wordstat": ((".cat",), _wordstat),
}


# --- entries as rule sets ----------------------------------------------------------------------------


def _rule_sets_of(entries: list[_Entry], case: str, losses: list[_Loss]) -> dict[str, RuleSet]:
    """Rule sets of the entries, one a category, in the order of the file; losses are added."""
    rules: dict[tuple[str, ...], dict[tuple, Rule]] = {}
    in_capitals = all(entry.words == entry.words.upper() for entry in entries if entry.words)
    for entry in entries:
        if entry.problem:
            losses.append(entry.loss(entry.text, entry.problem, entry.words or ""))
        if entry.words is None:
            continue
        mine = rules.setdefault(entry.path, {})
        try:
            rule = _rule_of(entry.words, case)
        except ValueError as error:
            losses.append(entry.loss(entry.words, str(error)))
            continue
        first = mine.setdefault(rule.meaning, rule)
        if first is not rule:
            losses.append(entry.loss(entry.words, "appears twice", first.text))
        elif not in_capitals and rule.text == rule.text.lower() and _lost_capitals(entry.words):
            problem = "capitals, without which it is a function word"
            losses.append(entry.loss(entry.words, problem, rule.text))
    sets: dict[str, RuleSet] = {}
    for path, mine in rules.items():
        if mine:
            name = _name_of(path, sets)
            sets[name] = RuleSet(name, tuple(mine.values()))
            losses += _renamed(path, name)
        else:
            losses.append(_Loss("", _BETWEEN_LEVELS.join(path), "", _NO_RULE))
    return sets


def _rule_of(words: str, case: str) -> Rule:
    """The rule of an entry; raises ValueError with the reason where there is none."""
    text = " ".join(composed(words).split())
    if len(text) > _MAX_ENTRY:
        raise ValueError(f"longer than {_MAX_ENTRY} characters")
    if "~" in text:
        raise ValueError("a character that no word holds")
    if "?" in text:
        raise ValueError("? is any one letter, for which rules have no sign")
    if "*" in text.split():
        raise ValueError("* is any whole word, for which rules have no sign (~1 is at most one)")
    return read_rule(text.lower() if case == "any" else text)


def _lost_capitals(text: str) -> bool:
    """Whether a word in capitals becomes a function word without them, as `US` and `us`."""
    return any(word != word.lower() and folded(word) == word for word in text.split())


def _name_of(path: tuple[str, ...], taken: Container[str]) -> str:
    """The name of a category as a codebook takes it: letters, digits, spaces, _ and -, not taken."""
    whole = composed(_BETWEEN_LEVELS.join(part.strip() for part in path))
    name = regex.sub(r"[^\p{L}\p{M}\p{N}_ -]", "_", whole)[:_MAX_NAME].strip()
    if not NAME.fullmatch(name) or name == NOBODY:
        name = f"_{name}"[:_MAX_NAME]
    tails = chain([""], (f" {number}" for number in count(2)))
    names = (name[: _MAX_NAME - len(tail)] + tail for tail in tails)
    return next(one for one in names if one not in taken)


def _renamed(path: tuple[str, ...], name: str) -> list[_Loss]:
    """The loss of a category's own name, where it is not the name of its rule set."""
    whole = _BETWEEN_LEVELS.join(part.strip() for part in path)
    if len(path) > 1:
        return [_Loss("", whole, "", "nested categories", name)]
    return [_Loss("", whole, "", "is not a name in a codebook", name)] if name != whole else []


# --- writing -----------------------------------------------------------------------------------------


def quanteda_yaml(sets: Mapping[str, RuleSet]) -> tuple[str, pd.DataFrame]:
    """Rule sets as a quanteda dictionary in YAML, and a report of what it cannot say.

    Gaps and exceptions are left out; descriptions are, too; an entry with a capital loses its
    case, as quanteda matches without regard to it.
    """
    losses: list[_Loss] = []
    content: dict[str, list[str]] = {}
    for name, rules in sets.items():
        losses += [_Loss("", name, rule.text, "an exception") for rule in rules.exceptions]
        losses += [_Loss("", name, rules.about, "a description")] if rules.about else []
        for rule in rules.rules:
            entry = " ".join(rule.words)
            if any(rule.gaps):
                losses.append(_Loss("", name, rule.text, "a gap between words"))
                continue
            if entry != entry.lower():
                losses.append(_Loss("", name, rule.text, "capitals, which match any case", entry))
            content.setdefault(name, []).append(entry)
        if name not in content:
            losses.append(_Loss("", name, "", _NO_RULE))
    return _HEADING + _dumped(content), pd.DataFrame(losses, columns=_Loss._fields, dtype=object)


def codebook_yaml(codebook: Codebook) -> str:
    """A codebook as the YAML that `read_codebook` reads, the same fingerprint coming back."""
    content = {"name": codebook.name, "version": codebook.version}
    for kind in _KINDS:
        sets = getattr(codebook, kind)
        content[kind] = {name: _written(rules) for name, rules in sets.items()}
    content["neutral"] = [rule.text for rule in codebook.toneless]
    return _dumped(_filled(content))


def _filled(entries: dict) -> dict:
    """The entries that are not empty."""
    return {key: value for key, value in entries.items() if value}


def _written(rules: RuleSet) -> dict | list:
    """A rule set as it is in a codebook file, each rule a text or with its own examples."""
    texts = []
    for rule in rules.rules:
        own = _written_examples(rules.examples, rule, "not")
        texts.append({"rule": rule.text, **own} if own else rule.text)
    if not rules.about and not rules.exceptions and not rules.examples:
        return texts
    exceptions = [rule.text for rule in rules.exceptions]
    return _filled({"about": rules.about, "rules": texts, "except": exceptions}) | (
        _written_examples(rules.examples, None, "not_match")
    )


def _written_examples(examples: tuple[Example, ...], rule: Rule | None, never: str) -> dict:
    """The examples of a rule set, or of one rule, by the keys of a codebook file."""
    return _filled(
        {
            key: [one.text for one in examples if one.rule == rule and one.matches == matches]
            for key, matches in (("match", True), (never, False))
        }
    )


def _dumped(content: dict) -> str:
    """YAML of plain values, every text kept a text."""
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
