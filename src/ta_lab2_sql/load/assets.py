"""Give each row of the staged files its asset."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.load.faults import Question, bad
from ta_lab2_sql.load.naming import Asset, _id, checked, from_name, named, suggested
from ta_lab2_sql.load.options import LoadOptions
from ta_lab2_sql.load.report import Understood
from ta_lab2_sql.load.sources import Source
from ta_lab2_sql.queries import query

if TYPE_CHECKING:
    import psycopg


@dataclasses.dataclass(frozen=True)
class Key:
    """What the rows of a file call their asset."""

    file: int
    kind: str
    text: str
    name: str | None
    lines: int
    line: int
    no_price: int


def resolve(
    cursor: psycopg.Cursor[Any],
    sources: Sequence[Source],
    files: Sequence[Understood],
    options: LoadOptions,
) -> list[str]:
    """Fill price_assets; the labels of assets that were made for it."""
    keys: dict[int, list[Key]] = {}
    for row in cursor.execute(query("load/keys")).fetchall():
        key = Key(*row)
        keys.setdefault(key.file, []).append(key)
        files[key.file].no_price += key.no_price
    wanted: dict[tuple[int, str], Asset] = {}
    unknown: list[Source] = []
    for file, found in keys.items():
        assets = _of_file(sources[file], files[file], found, options)
        if assets is None:
            unknown.append(sources[file])
        else:
            wanted.update({(file, key.text): asset for key, asset in zip(found, assets, strict=True)})
    if unknown:
        names = ", ".join(source.shown for source in unknown[:3])
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        what = "which asset is this?" if len(unknown) == 1 else "which assets are these?"
        raise Question(what, names + more, f"add {suggested(unknown)}")
    if options.asset is not None:
        _one_symbol(files, keys, options)
    ids, new = _ids(cursor, list(dict.fromkeys(wanted.values())), options)
    if options.calendar is not None:
        _use_calendar(cursor, list(set(ids.values())), options.calendar, files)
    with cursor.copy(query("load/copy_assets")) as copy:
        for (file, text), asset in wanted.items():
            files[file].assets.add(ids[asset])
            copy.write_row((file, text, ids[asset]))
    _name(cursor, {ids[asset] for asset in new}, keys, {at: ids[asset] for at, asset in wanted.items()})
    return [asset.label if asset.symbol is None else f"{asset.symbol} ({ids[asset]})" for asset in new]


def _use_calendar(
    cursor: psycopg.Cursor[Any], ids: Sequence[int], calendar: str, files: Sequence[Understood]
) -> None:
    """Assets that have no calendar get one; a shipped one that isn't stored yet is imported."""
    from ta_lab2_sql import calendars

    calendars.ensure(cursor.connection, [calendar], files[0].notes.append)
    row = cursor.execute(query("load/calendar"), {"ids": ids, "calendar": calendar}).fetchone()
    assert row is not None
    given, symbol, id_, other = row
    if other is not None:
        raise Question(
            f"asset {symbol or id_} has the calendar {other}", f"--calendar {calendar}",
            f"ta-lab2 assets set {symbol or id_} --calendar {calendar} changes it",
        )  # fmt: skip
    if given:
        files[0].notes.append(f"calendar {calendar} for {given} asset{'s' if given > 1 else ''}")


def _name(
    cursor: psycopg.Cursor[Any],
    new: set[int],
    keys: dict[int, list[Key]],
    ids: dict[tuple[int, str], int],
) -> None:
    """New assets get the name that the files have for them; digits alone are none."""
    names = {
        ids[file, key.text]: key.name
        for file, found in keys.items()
        for key in found
        if key.name and not key.name.isdigit() and ids[file, key.text] in new
    }
    if names:
        values = {"ids": list(names), "names": list(names.values())}
        cursor.execute(query("load/asset_names"), values)


def _own(keys: Sequence[Key]) -> str:
    """How the rows say their asset: 'symbol', 'id', or '' where they don't."""
    kind = keys[0].kind
    if kind == "name":
        telling = {key.text for key in keys if key.text and not key.text.isdigit()}
        return "symbol" if len(telling) > 1 else ""
    return kind


def _of_file(
    source: Source, understood: Understood, keys: Sequence[Key], options: LoadOptions
) -> list[Asset] | None:
    """The asset of each key; None when only the owner knows."""
    if options.asset is not None:
        return [named(options.asset)] * len(keys)
    kind = _own(keys)
    if kind == "symbol":
        for key in keys:
            if not key.text:
                raise bad("the symbol is empty", source.shown, key.line, understood.shape.column("symbol"))
        column = understood.shape.column("symbol" if "symbol" in understood.shape.roles else "name")
        checked(((key.text, source.shown, key.line, column) for key in keys), options)
        return [Asset(f"{options.symbol_prefix}{k.text}{options.symbol_suffix}", None) for k in keys]
    if kind == "id":
        if _are_row_numbers(keys):
            raise Question(
                "the column id numbers the rows, it names no asset",
                source.shown,
                f"add {suggested([source])}",
            )
        for key in keys:
            if not key.text.isascii() or not key.text.isdigit() or not 1 <= int(key.text) < 1 << 31:
                column = understood.shape.column("id")
                todo = f"--columns symbol={column} takes its texts as symbols"
                raise bad(f"{key.text!r} is not an asset id", source.shown, key.line, column, todo)
        return [Asset(None, _id(key.text, source.shown)) for key in keys]
    if options.name_pattern is not None:
        return [from_name(source, options)] * len(keys)
    return None


def _are_row_numbers(keys: Sequence[Key]) -> bool:
    return len(keys) > 5 and all(key.lines == 1 for key in keys)


def _one_symbol(files: Sequence[Understood], keys: dict[int, list[Key]], options: LoadOptions) -> None:
    """Several symbols can't all be the asset of --asset; one that differs is said."""
    told: dict[str, int] = {}
    for file, found in keys.items():
        if _own(found) == "symbol" or (_own(found) == "id" and not _are_row_numbers(found)):
            told.update({key.text: file for key in found})
    if len(told) > 1:
        some = ", ".join(list(told)[:3])
        raise Question(
            f"{len(told)} symbols in the files ({some}{', ..' if len(told) > 3 else ''})",
            "--asset",
            "leave it away: the rows say which asset they belong to",
        )
    for text, file in told.items():
        if text != options.asset:
            files[file].notes.append(f"the file says {text}, --asset {options.asset} counts")


def _ids(
    cursor: psycopg.Cursor[Any], assets: Sequence[Asset], options: LoadOptions
) -> tuple[dict[Asset, int], list[Asset]]:
    """The id of each asset, and which of them are new."""
    create = options.new_assets
    symbols = [a.symbol for a in assets if a.symbol is not None and a.id is None]
    rows = cursor.execute(query("load/symbols"), {"symbols": symbols, "create": create}).fetchall()
    by_symbol = {symbol: (id_, is_new) for symbol, id_, is_new in rows}
    numbered = [(a.id, a.symbol) for a in assets if a.id is not None]
    known = dict(cursor.execute(query("load/known"), {"ids": [n for n, _ in numbered]}).fetchall())
    ids: dict[Asset, int] = {}
    new: list[Asset] = []
    for asset in assets:
        if asset.id is None:
            assert asset.symbol is not None
            if asset.symbol not in by_symbol:
                raise _not_new(cursor, asset.symbol)
            ids[asset], is_new = by_symbol[asset.symbol]
        else:
            ids[asset], is_new = asset.id, asset.id not in known
            if is_new and not create:
                raise Question(f"no asset {asset.id}", "--no-new-assets", "ta-lab2 assets lists them")
        if is_new:
            new.append(asset)
    for number, symbol in numbered:
        if symbol is not None and known.get(number) not in (None, symbol):
            raise Question(
                f"asset {number} is {known[number]}, the file's name says {symbol}", "--name-pattern",
                "ta-lab2 assets set renames an asset",
            )  # fmt: skip
    values = {"ids": [n for n, _ in numbered], "symbols": [s for _, s in numbered]}
    taken = cursor.execute(query("load/make_assets"), values).fetchone()
    if taken is not None:
        raise Question(
            f"{taken[0]} is asset {taken[1]}, the file's name says {taken[2]}",
            "--name-pattern",
            "a symbol belongs to one asset: use its id, or another symbol",
        )
    return ids, new


def _not_new(cursor: psycopg.Cursor[Any], symbol: str) -> Question:
    row = cursor.execute(query("load/nearest"), {"symbol": symbol}).fetchone()
    near = f"the nearest are {row[0]}" if row and row[0] else "there are none yet"
    return Question(f"no asset {symbol}", "--no-new-assets", near)
