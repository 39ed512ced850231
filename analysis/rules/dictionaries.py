"""Dictionaries of other programs: read into a codebook, and written from one, losses told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import regex

from analysis.errors import InputError
from analysis.files import Node, composed, read_yaml, refuse_device
from analysis.language.words import folded
from analysis.rules.codebook import NAME, NOBODY, Codebook, Example, Rule, RuleSet, parse_rule

_FORMATS = {
    ".yml": "quanteda",
    ".yaml": "quanteda",
    ".dic": "liwc",
    ".lc3": "lexicoder",
    ".lcd": "lexicoder",
    ".cat": "wordstat",
}
_KINDS = ("frames", "actors", "terms")
_CASES = ("any", "as written")
_OWN_ENTRIES = "__"  # quanteda's key for a category's own entries beside its subcategories
_BETWEEN_LEVELS = " - "
_LONGEST_ENTRY = 200
_LONGEST_NAME = 60
_REPORT = ["where", "category", "entry", "problem", "became"]
_LEGEND = regex.compile(r"(\t*)\s*(\d{1,6})\s+(\S.*)")
_CODES = regex.compile(r"(.+?)((?:\s+\d{1,6})+)\s*")
_COLOUR = regex.compile(r"#[0-9A-Fa-f]{6}\Z")
_WEIGHTED = regex.compile(r"(.*\S) \((-?\d{1,9}(?:[.,]\d{1,9})?)\)")
_HEADING = """\
# quanteda dictionary. Tokenise with split_hyphens = TRUE and look up without regard to case:
# here self-reliance is two words, and China's an occurrence of China.
"""


@dataclass(frozen=True)
class _Entry:
    """A pattern of a dictionary: its categories from the outermost, its text, where it stands."""

    path: tuple[str, ...]
    text: str
    where: str


@dataclass(frozen=True)
class _Loss:
    """What could not be carried over as it was; `became` is what stands in its place, '' for nothing."""

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
        return _loss_table(self.losses)


def _loss_table(losses: tuple[_Loss, ...]) -> pd.DataFrame:
    """Losses as a table of text."""
    return pd.DataFrame([vars(loss) for loss in losses], columns=_REPORT, dtype=object)


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
    format = format or _FORMATS.get(file.suffix.lower(), "")
    _check(format, tuple(_READERS), "format of a dictionary", file.name)
    _check(kind, _KINDS, "kind of rule set", "kind")
    _check(case, _CASES, "case", "case")
    losses: list[_Loss] = []
    if format == "quanteda":
        entries = list(_quanteda_entries(read_yaml(file), (), losses))
    else:
        lines = _numbered_lines(file, encoding)
        entries = list(_READERS[format](lines, losses))
    sets = _rule_sets_of(entries, case, losses)
    if not sets:
        raise InputError("no rule could be read", where=file.name, allowed=f"a {format} dictionary")
    book = {name: sets if name == kind else {} for name in _KINDS}
    return _Imported(Codebook(file.stem, "", **book), tuple(losses))


def _check(value: str, allowed: tuple[str, ...], what: str, where: str) -> None:
    """Raise InputError unless the value is one of those allowed."""
    if value not in allowed:
        raise InputError(f"unknown {what}", where=where, value=value, allowed=allowed)


def _numbered_lines(file: Path, encoding: str) -> list[tuple[str, str]]:
    """Every line of a text file with where it stands; control characters other than tabs dropped."""
    try:
        refuse_device(file, file.name)
        text = file.read_bytes().decode(encoding).removeprefix("\ufeff")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=file.name) from error
    except LookupError as error:
        raise InputError("unknown encoding", value=encoding, allowed="utf-8, cp1252 …") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"is not {encoding}: byte {error.start}",
            where=file.name,
            allowed="another encoding, such as cp1252",
        ) from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [
        (f"{file.name}, line {number}", regex.sub(r"[^\P{Cc}\t]", "", line))
        for number, line in enumerate(lines, 1)
    ]


# --- the formats -------------------------------------------------------------------------------------


def _quanteda_entries(node: Node, path: tuple[str, ...], losses: list[_Loss]) -> Iterator[_Entry]:
    """Entries of a quanteda dictionary in YAML: lists of patterns under keys, keys under keys."""
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            below = path if key == _OWN_ENTRIES else (*path, key)
            yield from _quanteda_entries(child, below, losses)
    elif not path:
        raise node.error("a mapping (category: patterns) is expected here")
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _quanteda_entries(child, path, losses)
    elif "_" in node.value.strip("_"):
        words = node.value.replace("_", " ")
        losses.append(_lost(node.where, path, node.value, "a compounded token", words))
        yield _Entry(path, words, node.where)
    else:
        yield _Entry(path, node.value, node.where)


def _lost(where: str, path: tuple[str, ...], entry: str, problem: str, became: str = "") -> _Loss:
    return _Loss(where, _BETWEEN_LEVELS.join(path), entry[:_LONGEST_ENTRY], problem, became)


def _liwc_entries(lines: list[tuple[str, str]], losses: list[_Loss]) -> Iterator[_Entry]:
    """Entries of a LIWC dictionary: a legend of numbered categories between two lines of %, then
    words with the numbers of their categories. Indented categories are nested."""
    marks = [n for n, (_, line) in enumerate(lines) if line.strip() == "%"]
    if len(marks) < 2:
        where = lines[0][0]
        raise InputError(
            "is no LIWC dictionary: the legend stands between two lines of %", where=where
        )
    paths = _liwc_legend(lines[marks[0] + 1 : marks[1]], losses)
    for where, line in lines[marks[1] + 1 :]:
        if not line.strip():
            continue
        found = _CODES.fullmatch(line.strip()[: 10 * _LONGEST_ENTRY])
        if not found or any(sign in line for sign in "()<>/"):
            losses.append(_lost(where, (), line.strip(), "not a word and numbers of categories"))
            continue
        for code in dict.fromkeys(map(int, found[2].split())):
            if code in paths:
                yield _Entry(paths[code], found[1].strip(), where)
            else:
                losses.append(_lost(where, (str(code),), found[1], "category is not in the legend"))


def _liwc_legend(lines: list[tuple[str, str]], losses: list[_Loss]) -> dict[int, tuple[str, ...]]:
    """The path of each numbered category."""
    paths: dict[int, tuple[str, ...]] = {}
    above: list[tuple[int, str]] = []
    for where, line in lines:
        found = _LEGEND.fullmatch(line.rstrip())
        if not found:
            if line.strip():
                losses.append(_lost(where, (), line.strip(), "not a number and a category"))
            continue
        depth, code, name = len(found[1]), int(found[2]), found[3]
        if code in paths:
            losses.append(_lost(where, (name,), found[2], "number of a category stands twice"))
            continue
        above = [(level, key) for level, key in above if level < depth]
        above.append((depth, name))
        paths[code] = tuple(key for _, key in above)
    return paths


def _lexicoder_entries(lines: list[tuple[str, str]], losses: list[_Loss]) -> Iterator[_Entry]:
    """Entries of a Lexicoder 3 dictionary: a line `+category` (its colour dropped), then a
    pattern a line."""
    path: tuple[str, ...] = ()
    if lines[0][1].lstrip().startswith("<"):
        raise InputError(
            "is XML, which is not read", where=lines[0][0], allowed="a dictionary saved as .lc3"
        )
    for where, line in lines:
        text = line.strip()
        if text.startswith("+"):
            path = (_COLOUR.sub("", text.lstrip("+")).strip(),)
        elif text and not path:
            losses.append(_lost(where, (), text, "stands before the first category"))
        elif text:
            yield _Entry(path, text, where)


def _wordstat_entries(lines: list[tuple[str, str]], losses: list[_Loss]) -> Iterator[_Entry]:
    """Entries of a WordStat categorisation dictionary: tabs nest, `ITEM (weight)` is a pattern,
    `_` a space, `@` a rule of proximity, a line without a weight a category."""
    above: list[tuple[int, str]] = []
    for where, line in lines:
        depth, text = len(line) - len(line.lstrip()), line.strip()
        if not text:
            continue
        above = [(level, name) for level, name in above if level < depth]
        path = tuple(name for _, name in above)
        found = _WEIGHTED.fullmatch(text) if len(text) <= 2 * _LONGEST_ENTRY else None
        if text.startswith("@") or (found and found[1].startswith("#")):
            losses.append(
                _lost(where, path, text, "a rule of proximity or a reference to a category")
            )
        elif not found:
            above.append((depth, text))
        elif not path:
            losses.append(_lost(where, (), text, "stands before the first category"))
        else:
            words = found[1].replace("_", " ")
            if found[2] != "1":
                losses.append(_lost(where, path, found[1], f"weight {found[2]}", words))
            yield _Entry(path, words, where)


_READERS = {
    "quanteda": _quanteda_entries,
    "liwc": _liwc_entries,
    "lexicoder": _lexicoder_entries,
    "wordstat": _wordstat_entries,
}


# --- entries as rule sets ----------------------------------------------------------------------------


def _rule_sets_of(entries: list[_Entry], case: str, losses: list[_Loss]) -> dict[str, RuleSet]:
    """Rule sets of the entries, one a category, in the order of the file."""
    rules: dict[tuple[str, ...], dict[tuple, Rule]] = {}
    speaks = any(entry.text != entry.text.upper() for entry in entries)
    for entry in entries:
        mine = rules.setdefault(entry.path, {})
        rule, problem = _rule_of(entry, case)
        if rule is None:
            losses.append(_lost(entry.where, entry.path, entry.text, problem))
        elif rule.meaning in mine:
            first = mine[rule.meaning].text
            losses.append(_lost(entry.where, entry.path, entry.text, "stands twice", first))
        else:
            mine[rule.meaning] = rule
            if speaks and rule.text == rule.text.lower():
                losses += _capitals_lost(entry, rule)
    sets: dict[str, RuleSet] = {}
    for path, mine in rules.items():
        if not mine:
            losses.append(_lost("", path, "", "no rule is left of this category"))
            continue
        name = _name_of(path, sets, losses)
        sets[name] = RuleSet(name, tuple(mine.values()))
    return sets


def _rule_of(entry: _Entry, case: str) -> tuple[Rule | None, str]:
    """The rule of an entry, or None and why there is none."""
    text = " ".join(composed(entry.text).split())
    if len(text) > _LONGEST_ENTRY:
        return None, f"longer than {_LONGEST_ENTRY} characters"
    if "~" in text:
        return None, "a sign that no word holds"
    if "?" in text:
        return None, "? stands for one letter, which no rule can say"
    if "*" in text.split():
        return None, "* stands for a whole word, which no rule can say (~1 is at most one)"
    text = text.lower() if case == "any" else text
    try:
        return parse_rule(text), ""
    except InputError as error:
        return None, str(error).split(", in rule")[0].split(": ")[0]


def _capitals_lost(entry: _Entry, rule: Rule) -> list[_Loss]:
    """A loss for an entry that was all capitals and is now a function word, as `US` and `us`."""
    words = [word for word in entry.text.split() if word != word.lower() and folded(word) == word]
    problem = "capitals, without which it is a function word"
    return [_lost(entry.where, entry.path, entry.text, problem, rule.text)] if words else []


def _name_of(path: tuple[str, ...], taken: Mapping[str, RuleSet], losses: list[_Loss]) -> str:
    """The name of a category as a codebook takes it: letters, digits, spaces, _ and -, not taken."""
    whole = _BETWEEN_LEVELS.join(part.strip() for part in path)
    name = regex.sub(r"[^\p{L}\p{M}\p{N}_ -]", "_", composed(whole))[:_LONGEST_NAME].strip()
    if not NAME.fullmatch(name) or name == NOBODY:
        name = f"_{name}"[:_LONGEST_NAME]
    number = 2
    while name in taken:
        tail = f" {number}"
        name, number = (
            name.removesuffix(f" {number - 1}")[: _LONGEST_NAME - len(tail)] + tail,
            number + 1,
        )
    if len(path) > 1:
        losses.append(_Loss("", whole, "", "nested categories", name))
    elif name != whole:
        losses.append(_Loss("", whole, "", "is no name of a codebook", name))
    return name


# --- writing -----------------------------------------------------------------------------------------


def quanteda_yaml(sets: Mapping[str, RuleSet]) -> tuple[str, pd.DataFrame]:
    """Rule sets as a quanteda dictionary in YAML, and a report of what it cannot say.

    Gaps and exceptions are left out; descriptions are, too; an entry with a capital loses its
    case, as quanteda matches without regard to it.
    """
    losses: list[_Loss] = []
    content: dict[str, list[str]] = {}
    for name, rules in sets.items():
        for rule in rules.exceptions:
            losses.append(_Loss("", name, rule.text, "an exception"))
        if rules.about:
            losses.append(_Loss("", name, rules.about, "a description"))
        words = []
        for rule in rules.rules:
            entry = " ".join(rule.words)
            if any(rule.gaps):
                losses.append(_Loss("", name, rule.text, "a gap between words"))
                continue
            if entry != entry.lower():
                losses.append(_Loss("", name, rule.text, "capitals, which match any case", entry))
            words.append(entry)
        if words:
            content[name] = words
        else:
            losses.append(_Loss("", name, "", "no rule is left of this category"))
    return _HEADING + _dumped(content), _loss_table(tuple(losses))


def codebook_yaml(codebook: Codebook) -> str:
    """A codebook as the YAML that `read_codebook` reads, the same fingerprint coming back."""
    content: dict = {"name": codebook.name}
    if codebook.version:
        content["version"] = codebook.version
    for kind in _KINDS:
        sets = getattr(codebook, kind)
        if sets:
            content[kind] = {name: _written(rules) for name, rules in sets.items()}
    if codebook.toneless:
        content["toneless"] = [rule.text for rule in codebook.toneless]
    return _dumped(content)


def _written(rules: RuleSet) -> dict | list[str]:
    """A rule set as it stands in a codebook file."""
    texts = [_written_rule(rule, rules.examples) for rule in rules.rules]
    if not rules.about and not rules.exceptions and not rules.examples:
        return texts
    entries = {
        "about": rules.about,
        "rules": texts,
        "except": [rule.text for rule in rules.exceptions],
        **_written_examples(rules.examples, None, "not_match"),
    }
    return {key: value for key, value in entries.items() if value}


def _written_rule(rule: Rule, examples: tuple[Example, ...]) -> dict | str:
    """A rule as it stands in a codebook file, with its own examples where it has any."""
    own = _written_examples(examples, rule, "not")
    return {"rule": rule.text, **own} if own else rule.text


def _written_examples(examples: tuple[Example, ...], rule: Rule | None, never: str) -> dict:
    """The examples of a rule set, or of one rule, by the keys of a codebook file."""
    mine = [one for one in examples if one.rule == rule]
    found = {
        "match": [one.text for one in mine if one.matches],
        never: [one.text for one in mine if not one.matches],
    }
    return {key: value for key, value in found.items() if value}


def _dumped(content: dict) -> str:
    """YAML of plain values, every text kept a text."""
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
