"""One load: files into staging tables, judged there, merged into the raw table in one transaction."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.errors import TaLabError, WorkFailed, describe
from ta_lab2_sql.load import layouts, tables
from ta_lab2_sql.load.assets import resolve
from ta_lab2_sql.load.faults import NAMED, BadFile, Fault, Question, bad, shown
from ta_lab2_sql.load.layouts import GENERAL, NUMBERS
from ta_lab2_sql.load.options import LoadOptions
from ta_lab2_sql.load.report import Loaded, Report, Understood, added
from ta_lab2_sql.load.shape import COMMA_FRACTION, Shape, find_shape
from ta_lab2_sql.load.sources import Source, found
from ta_lab2_sql.load.stage import Lines, NotPlain, copy_cells, copy_frames, copy_plain
from ta_lab2_sql.load.text import (
    OLDER,
    WESTERN,
    NotThisEncoding,
    encoding_of,
    first_lines,
    looks_binary,
    sample_of,
    split_line,
)
from ta_lab2_sql.queries import query

if TYPE_CHECKING:
    import psycopg

MANY = 10_000
# The days of 1954 to 2064, counted from the end of 1899.
EXCEL_DAY = re.compile(r"[2-5]\d{4}(?:\.\d+)?")


class _Again(Exception):
    """Some files must be read line by line, to tell what is wrong with them."""

    def __init__(self, files: set[int]) -> None:
        super().__init__(files)
        self.files = files


def load_files(
    connection: psycopg.Connection[Any], paths: Sequence[str], options: LoadOptions | None = None
) -> Report:
    """Load files of daily prices; all in one transaction unless `each_file`.

    Raises WrongUsage for a question that an option answers, WorkFailed when a file is wrong; then nothing of
    the transaction is stored.
    """
    options = options or LoadOptions()
    if not options.each_file:
        return _load(connection, paths, options)
    reports = []
    for path in paths:
        try:
            reports.append(_load(connection, [path], options))
        except Exception as error:
            failure = describe(error)
            if failure is None or (isinstance(failure, TaLabError) and failure.exit_code == 3):
                raise
            reports.append(Report(failed=[f"{path}: {failure.format_message()}"]))
    return added(reports)


def _load(connection: psycopg.Connection[Any], paths: Sequence[str], options: LoadOptions) -> Report:
    careful: set[int] = set()
    with ExitStack() as stack:
        sources = [stack.enter_context(found(path)) for path in paths]
        while True:
            try:
                with connection.transaction(force_rollback=options.dry_run):
                    return _Load(connection, sources, options, careful).run()
            except _Again as again:
                careful |= again.files


class _Load:
    """The steps of a load, each one statement or a few on the staging tables."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        sources: Sequence[Source],
        options: LoadOptions,
        careful: set[int],
    ) -> None:
        self.connection, self.sources, self.options, self.careful = connection, sources, options, careful
        self.cursor = connection.cursor()
        self.files: list[Understood] = []
        self.plain: set[int] = set()

    def run(self) -> Report:
        self._prepare()
        for file, source in enumerate(self.sources):
            self.files.append(self._read(file, source))
        self._judge()
        new = resolve(self.cursor, self.sources, self.files, self.options)
        self._refuse_emptiness()
        self._make_days(len(new) == len({asset for file in self.files for asset in file.assets}))
        rows = self._merge()
        days = self._days() if self.options.dry_run else []
        self.cursor.execute("SELECT drop_staged_prices()")
        self.cursor.execute(query("load/drop"))
        return Report(rows, self.files, new, days)

    def _prepare(self) -> None:
        execute = self.cursor.execute
        # Before a long file is read: is there a table to load into at all?
        execute("SELECT FROM cmc_price_histories7 LIMIT 0")
        execute(query("load/settings"))
        execute("SELECT stage_prices()")
        execute(query("load/tables"))

    # -- reading --------------------------------------------------------------------------------------------

    def _read(self, file: int, source: Source) -> Understood:
        if source.kind == "text":
            sample = sample_of(source)
            if not sample.strip():
                raise bad("the file is empty", source.shown)
            shape, lines = self._shape_of(sample, source)
        else:
            lines = tables.sample_lines(source)
            shape = dataclasses.replace(
                find_shape(lines, "utf-8", self.options, source.shown), encoding=source.kind
            )
        understood = Understood(source.shown, shape, Lines(), basis=self._basis(shape))
        self._note(file, source, understood, lines)
        understood.lines = self._copy(file, source, understood)
        return understood

    def _shape_of(self, sample: bytes, source: Source) -> tuple[Shape, list[str]]:
        """The shape of a text; of older encodings the one in which most columns have names that are known."""
        encoding = self.options.encoding or encoding_of(sample)
        lines = first_lines(sample, encoding)
        if looks_binary(lines):
            raise bad("not a text file", source.shown, todo="--encoding names its encoding if it is one")
        if encoding != WESTERN or self.options.encoding:
            return find_shape(lines, encoding, self.options, source.shown), lines
        best: tuple[int, Shape, list[str]] | None = None
        failed: Exception | None = None
        for encoding in (WESTERN, *OLDER):
            try:
                lines = first_lines(sample, encoding, strict=encoding != WESTERN)
                shape = find_shape(lines, encoding, self.options, source.shown)
            except UnicodeError:
                continue
            except (Question, WorkFailed) as error:
                failed = failed or error
                continue
            known = len(shape.roles) if shape.header else 1
            if best is None or known > best[0]:
                best = known, shape, lines
        if best is None:
            raise failed or bad("not a text file", source.shown)
        _, shape, lines = best
        if shape.encoding == WESTERN and shape.layout.encoding:
            lines = first_lines(sample, shape.layout.encoding)
            shape = find_shape(lines, shape.layout.encoding, self.options, source.shown)
        return shape, lines

    def _basis(self, shape: Shape) -> str | None:
        if not self.options.adjusted:
            return shape.layout.basis
        if "adjusted" not in shape.roles:
            raise Question(
                "no column of adjusted closing prices",
                "--adjusted",
                "leave it away, or --columns adjusted=NAME",
            )
        return "total"

    def _note(self, file: int, source: Source, understood: Understood, lines: Sequence[str]) -> None:
        shape, layout, options = understood.shape, understood.shape.layout, self.options
        general = layouts.shipped()[GENERAL]
        values = {
            "file": file,
            "shown": source.shown,
            "source_file": source.source_file,
            "roles": sorted(shape.roles),
            "stamp": layout.stamp,
            "basis": understood.basis,
            "one_price": shape.one_price,
            "decimal": options.decimal,
            "usual_decimal": layout.decimal,
            "unknown": sorted({*general.unknown, *layout.unknown}),
            "units": json.dumps({**general.units, **layout.units}),
            "order": options.date_order or layout.order,
            "yymmdd": layout.yymmdd,
            "day_format": options.date_format,
            "plain": shape.plain,
            "adjusted": options.adjusted,
            "delimiter": shape.delimiter,
            "volume_power": shape.volume_power,
            "hint": _comma_fraction(shape, lines),
        }
        self.cursor.execute(query("load/file"), values)

    def _copy(self, file: int, source: Source, understood: Understood) -> Lines:
        import psycopg

        shape = understood.shape
        if source.kind != "text":
            numbers = [at for block in shape.blocks for role, at in block.at.items() if role in NUMBERS]
            whole = len(shape.blocks) == 1 and not shape.shares_columns
            if whole and tables.is_numeric(source, numbers):
                return copy_frames(self.cursor, source, shape, file)
            return copy_cells(self.cursor, source, shape, file)
        if shape.plain and file not in self.careful:
            try:
                with self.connection.transaction():
                    copy_plain(self.cursor, source, shape, file)
                self.plain.add(file)
                return Lines()
            except (NotPlain, psycopg.DataError):
                pass
        try:
            with self.connection.transaction():
                return copy_cells(self.cursor, source, shape, file)
        except NotThisEncoding as wrong:
            if self.options.encoding or shape.encoding != "utf-8":
                what = f"a byte that is not {wrong.encoding}"
                raise bad(
                    what, wrong.shown, wrong.line, wrong.column, "--encoding names another encoding"
                ) from None
        encoding = shape.layout.encoding or WESTERN
        understood.shape = shape = dataclasses.replace(shape, encoding=encoding)
        try:
            return copy_cells(self.cursor, source, shape, file)
        except NotThisEncoding as wrong:
            raise bad(
                "a byte that is neither UTF-8 nor Windows-1252", wrong.shown, wrong.line, wrong.column,
                "--encoding names another encoding",
            ) from None  # fmt: skip

    # -- judging --------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        import psycopg

        execute = self.cursor.execute
        if len(self.plain) < len(self.files):
            execute(query("load/signs"))
            try:
                with self.connection.transaction():
                    execute(query("load/numbers"))
            except psycopg.DataError:
                execute(query("load/number_faults"))
                is_refused = len(self._fault_lines()) > self.options.skip_bad_lines
                execute(query("load/rows_without_numbers" if is_refused else "load/numbers"))
        execute("ANALYZE price_rows (file, date, symbol, name)")
        execute(query("load/texts"), {"months": json.dumps(layouts.months())})
        self._judge_formats()
        in_two_ways, unread = execute(query("load/look_closer")).fetchone() or (True, True)
        ambiguous = execute(query("load/orders")).fetchone() if in_two_ways else None
        if unread and ambiguous is None:
            execute(query("load/day_faults"))
        self._refuse_faults()
        if ambiguous is not None:
            file, example, order, day, other_order, other_day = ambiguous
            what = f"{shown(example)} is {day:%d %B %Y} or {other_day:%d %B %Y}"
            raise Question(what, file, f"say which: --date-order {order} or --date-order {other_order}")
        if in_two_ways and not self.options.date_format:
            for file, order in execute("SELECT file, day_order FROM price_files").fetchall():
                self.files[file].order = order if self._order_matters(file) else None

    def _order_matters(self, file: int) -> bool:
        row = self.cursor.execute(query("load/order_matters"), {"file": file}).fetchone()
        return row is not None

    def _judge_formats(self) -> None:
        """Days in a format that an option names are read here, each text once."""
        if self.options.date_format is None:
            return
        for form, text in self.cursor.execute(query("load/formatted_texts")).fetchall():
            try:
                moment = datetime.strptime(text, form)
            except ValueError:
                continue
            values = {
                "form": form,
                "text": text,
                "day": moment.date(),
                "midnight": not any(moment.timetuple()[3:6]),
            }
            self.cursor.execute(query("load/formatted_text"), values)

    def _refuse_faults(self) -> None:
        """Raise what can't be read, unless so few bad lines may be skipped."""
        files = {file for (file,) in self.cursor.execute("SELECT DISTINCT file FROM price_faults").fetchall()}
        if again := files & self.plain:
            raise _Again(again)
        bad_lines = self._fault_lines()
        total = len(bad_lines) + sum(file.lines.bad for file in self.files)
        if not total:
            return
        if total > self.options.skip_bad_lines:
            rows = self.cursor.execute(query("load/faults"), {"limit": NAMED}).fetchall()
            faults = [self._fault(*row) for row in rows]
            faults += [fault for file in self.files for fault in file.lines.faults]
            order = {file.file: i for i, file in enumerate(self.files)}
            faults.sort(key=lambda fault: (order[fault.file], fault.line))
            raise BadFile(faults[:NAMED], total, may_be_skipped=True)
        for file, line in bad_lines:
            told = self.files[file].lines
            told.bad += 1
            told.fault_lines.append(line)
        self.cursor.execute(query("load/forget_faults"))

    def _fault_lines(self) -> list[tuple[int, int]]:
        return self.cursor.execute(query("load/fault_lines")).fetchall()

    def _fault(self, file: int, line: int, role: str, value: str, reason: str) -> Fault:
        understood = self.files[file]
        column = understood.shape.column(role)
        what = reason if reason.startswith("a number of") else f"{shown(value)} {reason}"
        return Fault(what, understood.file, line, column, self._todo(role, value, understood))

    def _todo(self, role: str, value: str, understood: Understood) -> str | None:
        """The option that would help with a cell."""
        if role == "date" and any(c.isdigit() for c in value):
            if self.options.date_format:
                return "the days don't have the format of --date-format"
            order = self.options.date_order or understood.shape.layout.order
            if order in ("dmy", "mdy"):
                other = "mdy" if order == "dmy" else "dmy"
                return f"read as {order}; --date-order {other} reads it the other way"
            if EXCEL_DAY.fullmatch(value):
                return "a day's number of Excel? format the column as dates there, and save it again"
            return "--date-format says how days are written, such as %d.%m.%Y"
        if role in NUMBERS and ("," in value or "." in value) and any(c.isdigit() for c in value):
            return "--decimal says which sign stands before fractions"
        return None

    def _refuse_emptiness(self) -> None:
        for understood in self.files:
            if not understood.assets and not understood.lines.bad:
                line = understood.shape.first_line
                raise bad("there are no rows after the header", understood.file, line)

    # -- merging --------------------------------------------------------------------------------------------

    def _make_days(self, all_new: bool) -> None:
        self.cursor.execute(query("load/readings"))
        self.cursor.execute(query("load/moments"))
        self.cursor.execute("ANALYZE price_files, price_assets, price_moments")
        # Small tables beside a large one, of which the planner knows nothing: look them up by hash.
        self.cursor.execute("SET LOCAL enable_nestloop = off")
        rows = self.cursor.execute(query("load/days")).rowcount
        self.cursor.execute("SET LOCAL enable_nestloop = on")
        # Days of new assets meet no stored ones.
        if rows > MANY and not all_new:
            self.cursor.execute('ANALYZE price_days (id, "timestamp")')
        if self.options.replace:
            self.cursor.execute(query("load/protected"))

    def _merge(self) -> list[Loaded]:
        from psycopg.rows import class_row

        values = {
            "on_conflict": self.options.on_conflict,
            "replace": self.options.replace,
            "sparse": self.options.sparse,
        }
        with self.connection.cursor(row_factory=class_row(Loaded)) as cursor:
            return cursor.execute(query("load/merge"), values).fetchall()

    def _days(self) -> list[dict[str, Any]]:
        from psycopg.rows import dict_row

        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query("load/stored_sample")).fetchall()


def _comma_fraction(shape: Shape, lines: Sequence[str]) -> str | None:
    """A cell of a column that isn't loaded which gives the comma away as the sign before fractions."""
    if not shape.delimiter or not shape.left_out:
        return None
    used = {at for block in shape.blocks for at in block.at.values()}
    for line in lines[shape.first_line - 1 :][:200]:
        try:
            cells = split_line(line, shape.delimiter)
        except Exception:
            continue
        for at, cell in enumerate(cells):
            if at not in used and COMMA_FRACTION.fullmatch(cell):
                return cell
    return None


__all__ = ["WorkFailed", "load_files"]
