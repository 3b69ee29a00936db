"""Layouts of files as data: one TOML file a maker, found by what stands in a file's header."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ta_lab2_sql.errors import WrongUsage

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib  # type: ignore[import-not-found]

NUMBERS = ("open", "high", "low", "close", "adjusted", "volume", "marketcap")
TIMES = ("timeopen", "timeclose", "timehigh", "timelow")
TEXTS = ("id", "symbol", "name", "date", "clock")
ROLES = (*TEXTS, *TIMES, *NUMBERS)
PRICES = ("open", "high", "low", "close")
GENERAL = "general"
LETTERS = frozenset("ohlc")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ö": "oe", "Ä": "ae", "Ü": "ue"})
OLDER_NAMES = {"cmc": "coinmarketcap", "generic": GENERAL}
SCALE = re.compile(r"[(\[]\s*(?:in |x ?)?['’]?([^)\]'’]+?)['’]?\s*[)\]]\s*$|[\s_]([^\W_]+)$")
STAMPS = ("day", "end", "close")
ORDERS = ("dmy", "mdy", "ymd")
BASES = ("traded", "splits", "total")


@functools.lru_cache(maxsize=1 << 14)
def key(name: str) -> str:
    """A column's name as it is compared: letters and digits only, without accents, marks and numbering."""
    text = re.sub(r"^\s*[0-9]{1,2}[a-z]?\.\s+|[¹²³]", "", name.casefold())
    text = unicodedata.normalize("NFKD", text)
    return "".join(c for c in text if c.isalnum() or c == "%")


@functools.lru_cache(maxsize=1 << 12)
def bare(name: str, fillers: frozenset[str]) -> str:
    """A column's name without brackets and the words that say nothing: Open (USD), OpenBid, open_px.

    A name of such words only is its first: PriceUSD.
    """
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]|（[^）]*）", " ", name)
    found = words(text)
    return "".join(word for word in found if word not in fillers) or next(iter(found), "")


def words(name: str) -> list[str]:
    """The words of a column's name, as they are compared."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [k for word in re.split(r"[\W_]+", text) if (k := key(word))]


@dataclasses.dataclass(frozen=True)
class Layout:
    """How one maker writes daily prices."""

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    needs: tuple[frozenset[str], ...] = ()
    in_order: tuple[str, ...] = ()
    headerless: tuple[tuple[str, ...], ...] = ()
    first_cell: str | None = None
    fixed: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    keep: tuple[tuple[int, str], ...] = ()
    scale: int = 0
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    order: str | None = None
    yymmdd: bool = False
    stamp: str = "day"
    basis: str | None = None
    unknown: tuple[str, ...] = ()
    fillers: frozenset[str] = frozenset()
    no_symbols: frozenset[str] = frozenset()
    money: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    scales: Mapping[str, int] = dataclasses.field(default_factory=dict)
    months: Mapping[str, int] = dataclasses.field(default_factory=dict)
    units: Mapping[str, int] = dataclasses.field(default_factory=dict)
    text: str = dataclasses.field(default="", compare=False)

    def fits(self, keys: Iterable[str]) -> frozenset[str] | None:
        """The names that this layout needs and a header has; None when it has not all of any set."""
        keys = list(keys)
        there = set(keys)
        if self.in_order and tuple(k for k in keys if k in self.in_order) != self.in_order:
            return None
        sets = [wanted for wanted in self.needs if wanted <= there]
        return max(sets, key=len) if sets else None

    def roles(self, names: Sequence[str]) -> dict[str, list[int]]:
        """The columns of a header that may have each role, the likeliest first."""
        keys = [key(name) for name in names]
        found = {role: self._columns(role, keys) for role in ROLES}
        if self.fillers:
            # Names that only say more than they need to; what is called exactly so comes first.
            taken = {at for places in found.values() for at in places}
            bares = ["" if at in taken else bare(name, self.fillers) for at, name in enumerate(names)]
            for role in ("date", *NUMBERS):
                found[role] += [
                    at for at in self._columns(role, bares) if bares[at] and at not in found[role]
                ]
        found["volume"].sort(key=lambda at: keys[at] in self.weak)
        return {role: places for role, places in found.items() if places}

    def is_money(self, name: str) -> bool:
        """Whether a column's name says that it counts money: Turnover (€), Volume USD."""
        text = name.casefold()
        return any(word in text if not word.isalnum() else word in words(text) for word in self.money)

    def power(self, name: str) -> int:
        """The power of ten that a name has in brackets or at its end: Volume ('000), volume_mln."""
        said = SCALE.search(name.casefold())
        return self.scales.get((said[1] or said[2]) if said else "", 0)

    def _columns(self, role: str, keys: Sequence[str]) -> list[int]:
        found: list[int] = []
        letters = set(keys) >= LETTERS
        for spelling in self.columns.get(role, ()):
            if len(spelling) == 1 and spelling.isascii() and not letters:
                # One letter may be a symbol, unless all four prices are called so.
                continue
            wanted, prefix = key(spelling), spelling.endswith("*") and not spelling.endswith("**")
            others = (wanted, key(spelling.translate(UMLAUTS)))
            for at, name in enumerate(keys):
                fits = name.startswith(wanted) and name != wanted if prefix else name in others
                if fits and at not in found and (name or at == 0):
                    found.append(at)
        return found


FIELDS = {field.name for field in dataclasses.fields(Layout)} - {"name", "text"}


def parse(text: str, name: str, where: str) -> Layout:
    """The layout that a TOML text describes; what it doesn't know is refused by name."""

    def wrong(what: str) -> WrongUsage:
        return WrongUsage(f"not a layout: {what}", where, "ta-lab2 layouts NAME prints one to begin with")

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise wrong(str(error)) from None
    for field in data:
        if field not in FIELDS:
            near = difflib.get_close_matches(field, FIELDS, n=1)
            raise wrong(f"unknown entry {field!r}" + (f", did you mean {near[0]!r}?" if near else ""))
    try:
        return _layout(data, name, text)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise wrong(str(error)) from None


def _layout(data: dict[str, Any], name: str, text: str) -> Layout:
    def spelled(value: Any) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) else tuple(str(v) for v in value)

    def one_of(field: str, allowed: Sequence[str]) -> None:
        if data.get(field) is not None and data[field] not in allowed:
            raise ValueError(f"{field} is one of {', '.join(allowed)}")

    one_of("stamp", STAMPS)
    one_of("order", ORDERS)
    one_of("basis", BASES)
    one_of("decimal", (".", ","))
    columns = {role: spelled(names) for role, names in data.pop("columns", {}).items()}
    for role in (*columns, *data.get("fixed", {}), *(r for row in data.get("headerless", ()) for r in row)):
        if role not in (*ROLES, "-"):
            raise ValueError(f"{role!r} is not a role; roles are {', '.join(ROLES)}")
    needs = tuple(frozenset(key(n) for n in names) for names in data.pop("needs", ()))
    re.compile(data.get("first_cell", ""))
    return Layout(
        name=name,
        title=str(data.pop("title", name)),
        columns=columns,
        needs=needs,
        headerless=tuple(tuple(row) for row in data.pop("headerless", ())),
        in_order=tuple(key(n) for n in data.pop("in_order", ())),
        fixed={role: (int(at[0]), int(at[1])) for role, at in data.pop("fixed", {}).items()},
        keep=tuple((int(at), str(value)) for at, value in data.pop("keep", ())),
        unknown=tuple(str(token).lower() for token in data.pop("unknown", ())),
        months={n.lower(): int(k) for k, names in data.pop("months", {}).items() for n in spelled(names)},
        fillers=frozenset(key(str(word)) for word in data.pop("fillers", ())),
        no_symbols=frozenset(key(str(word)) for word in data.pop("no_symbols", ())),
        weak=frozenset(key(str(word)) for word in data.pop("weak", ())),
        money=frozenset(str(word).casefold() for word in data.pop("money", ())),
        scales={str(k).casefold(): int(v) for k, v in data.pop("scales", {}).items()},
        units={str(k).upper(): int(v) for k, v in data.pop("units", {}).items()},
        text=text,
        **data,
    )


@functools.cache
def shipped() -> dict[str, Layout]:
    """The layouts of the package by name; the general one is the last."""
    folder = files("ta_lab2_sql.load") / "layouts"
    names = sorted(
        item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")
    )
    names.sort(key=lambda name: name == GENERAL)
    texts = {name: (folder / f"{name}.toml").read_text(encoding="utf-8") for name in names}
    return {name: parse(text, name, f"layout {name}") for name, text in texts.items()}


def named(wanted: str) -> Layout:
    """A layout by its name, or from a file of the user."""
    known = shipped()
    name = OLDER_NAMES.get(wanted, wanted)
    if name in known:
        return known[name]
    path = Path(wanted)
    if wanted.endswith(".toml") or path.is_file():
        try:
            return parse(path.read_text(encoding="utf-8"), path.stem, wanted)
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUsage(f"the layout can't be read ({error})", wanted, "check the path") from None
    near = difflib.get_close_matches(wanted, known, n=3)
    todo = f"the nearest are {', '.join(near)}" if near else "ta-lab2 layouts lists them"
    raise WrongUsage(f"no layout {wanted!r}", "--layout", f"{todo}; or give FILE.toml")


def months() -> dict[str, int]:
    """The names of months of all shipped layouts."""
    return {name: number for layout in shipped().values() for name, number in layout.months.items()}
