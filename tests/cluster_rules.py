"""What a real Citus cluster was seen to refuse or to break down of, found in the text of SQL.

The rules of the files, of the tests' own statements and the pretended cluster ask the same question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ta_lab2_sql.schema import registry
from ta_lab2_sql.schema.files import catalogue

TABLES = registry.read()
OF_ASSETS = "|".join(TABLES.distributed)
VIEWS = sorted((catalogue().folder / "views").rglob("*.sql"))
OF_VIEWS = "|".join(path.stem for path in VIEWS)
RELATIONS = "|".join((OF_ASSETS, *TABLES.reference, OF_VIEWS))

BEGINS = r"RETURN|SELECT|PERFORM|WITH|INSERT|UPDATE|DELETE|FOR|RAISE|IF|CONTINUE|v_\w+ :="
CHANGES = re.compile(rf"\b(?:INSERT INTO|DELETE FROM|(?<!DO )UPDATE)\s+(?:{OF_ASSETS})\b")
TOKEN = re.compile(r"""(?:\w+|"[^"]+")(?:\.(?:\w+|"[^"]+"))*|[()]|::|\S""")
# A query of one shard is sent to it as it stands.
ONE_ASSET = re.compile(r"\bid = (?:p_id|v_\w+|s\.id|\d+)\b")
# What ends a condition where no parenthesis does.
AFTER = re.compile(
    "GROUP|ORDER|LIMIT|OFFSET|UNION|EXCEPT|INTERSECT|RETURNING|WINDOW|HAVING|INNER|LEFT|CROSS|JOIN|WHERE|ON|FOR"
    "|LOOP|DO|SET"
)
NO_COLUMN = re.compile(
    "AND|OR|NOT|IS|NULL|TRUE|FALSE|IN|ANY|ALL|LIKE|DISTINCT|FROM|CASE|WHEN|THEN|ELSE|END|ARRAY|BETWEEN|INTERVAL"
)


def plain(text: str) -> str:
    """SQL without comments and texts; the parameters of a query look like those of a function."""
    text = re.sub(r"--.*", "", text)
    text = re.sub(r"'(?:[^']|'')*'", "''", text)
    return re.sub(r"%\((\w+)\)s|%s", lambda found: f"p_{found[1] or 'given'}", text).replace("%%", "%")


def statements(text: str) -> list[str]:
    """The statements of a function's body or of a query."""
    return re.split(rf";|\bLOOP\b|\b(?:THEN|ELSE)\b(?=\s+(?:{BEGINS}))|\bBEGIN\b", text)


def mentions(text: str) -> bool:
    """Whether tables or views are read or written."""
    return re.search(rf"\b(?:FROM|JOIN|USING|INTO|UPDATE)\s+(?:{RELATIONS})\b(?!\s*\()", text) is not None


def refused(text: str) -> list[str]:
    """What stands in a cluster's way, a line each: the rule and the place."""
    return [f"{rule}: {place.strip()}" for part in statements(plain(text)) for rule, place in _refused(part)]


def _refused(statement: str) -> Iterator[tuple[str, str]]:
    if not mentions(statement):
        return
    for found in re.finditer(r"EXISTS\s*\(\s*SELECT\s+FROM\b", statement):
        yield "a subquery without a column", found[0]
    for condition in conditions(statement):
        if of_parameters(condition):
            yield "a condition on parameters alone may leave no shard", condition
    if CHANGES.search(statement):
        for found in re.finditer(r"\bCASE\s+(?!WHEN\b)\S+", statement):
            yield "CASE x WHEN is evaluated before it is sent", found[0]
        for name in inserted(statement):
            yield "rows to insert that a part of the statement gathers go over all nodes", name
    if re.search(rf"\b(?:DELETE FROM|(?<!DO )UPDATE)\s+(?:{OF_ASSETS})\b", statement):
        for found in re.finditer(r"\w\[[^\[\]]*(?<!:):(?!:)[^\[\]]*\]", statement):
            yield "a slice breaks the coordinator", found[0]
        for found in re.finditer(r"\b[pv]_\w+\[\w+\([^\[\]]*\b\w+\.\w+[^\[\]]*\]", statement):
            yield "an element that a function of a column names breaks the node", found[0]
        stable = (
            r"""(?<![\w.'])(?!p_|v_|NULL\b)(?:\w+\.)?(?:\w+|"\w+")::(?:date|timestamptz|timestamp|time)\b"""
        )
        for found in re.finditer(stable, statement):
            yield "a cast that depends on the session", found[0]


def conditions(statement: str) -> Iterator[str]:
    """What each WHERE and ON demands, one by one."""
    tokens = TOKEN.findall(statement)
    for start, token in enumerate(tokens):
        before = [t.upper() for t in tokens[max(start - 2, 0) : start]]
        after = tokens[start + 1].upper() if start + 1 < len(tokens) else ""
        if token.upper() in ("WHERE", "ON") and before != ["FILTER", "("] and after != "CONFLICT":
            yield from _conjuncts(tokens[start + 1 :])


def _conjuncts(tokens: list[str]) -> Iterator[str]:
    depth = cases = 0
    between = False
    part: list[str] = []
    for token in tokens:
        word = token.upper()
        depth += {"(": 1, ")": -1}.get(token, 0)
        cases += {"CASE": 1, "END": -1}.get(word, 0)
        if depth < 0 or (depth == 0 and cases == 0 and AFTER.fullmatch(word)):
            break
        if depth == 0 and cases == 0 and word == "AND" and not between:
            yield from _unwrapped(part)
            part = []
            continue
        between = word == "BETWEEN" or (between and word != "AND")
        part.append(token)
    yield from _unwrapped(part)


def _unwrapped(part: list[str]) -> Iterator[str]:
    """A condition; those within parentheses that hold nothing but conditions one by one."""
    whole = len(part) > 2 and part[0] == "(" and part[-1] == ")" and _closes(part) == len(part) - 1
    if whole and part[1].upper() != "SELECT" and not _outermost(part[1:-1], "OR"):
        yield from _conjuncts(part[1:-1])
    elif part:
        yield " ".join(part)


def _closes(part: list[str]) -> int:
    depth = 0
    for position, token in enumerate(part):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0:
            return position
    return -1


def _outermost(part: list[str], word: str) -> bool:
    depth = 0
    for token in part:
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0 and token.upper() == word:
            return True
    return False


def of_parameters(condition: str) -> bool:
    """Whether it asks parameters and variables, and no column."""
    tokens = condition.split()
    given, columns = False, False
    for position, token in enumerate(tokens):
        if re.match(r"[pv]_\w", token):
            given = True
        elif re.match(r'[A-Za-z_"]', token) and not NO_COLUMN.fullmatch(token.upper()):
            is_call = tokens[position + 1 : position + 2] == ["("]
            is_type = tokens[max(position - 1, 0)] == "::"
            columns |= not (is_call or is_type)
    return given and not columns


def inserted(statement: str) -> Iterator[str]:
    """Names of the parts WITH which a statement gathers, from tables, what it inserts."""
    for part in re.finditer(
        r"\b(\w+)(?:\s*\([\w\s,]*\))?\s+AS\s+(?:NOT\s+)?(?:MATERIALIZED\s+)?\(", statement
    ):
        before = statement[: part.start()].rstrip()
        if not re.search(r"(?:\bWITH|\bRECURSIVE|\),?)$", before):
            continue
        depth, end = 1, part.end()
        while depth and end < len(statement):
            depth += {"(": 1, ")": -1}.get(statement[end], 0)
            end += 1
        gathered = statement[part.end() : end]
        is_read = re.search(rf"\b(?:FROM|JOIN)\s+{part[1]}\b", statement[end:])
        insert = re.search(r"\bINSERT INTO\b", statement[end:])
        if insert and is_read and mentions(gathered) and not CHANGES.search(gathered):
            yield part[1]


def refused_of_all(text: str) -> list[str]:
    """What stands in the way of a query of many assets: a subquery about each row of what every node has,
    parts that a statement gathered among it."""
    return [
        f"a subquery for rows that are no assets' own: {place}"
        for part in statements(plain(text))
        if mentions(part) and not ONE_ASSET.search(part)
        for select in _selects(TOKEN.findall(part))
        for place in _asks_for_others(select)
    ]


def _asks_for_others(select: list[str]) -> Iterator[str]:
    start, end = _from(select)
    names = {name for before, name in pairwise(select[start:end]) if before.upper() in ("AS", "FROM", "JOIN")}
    if not names or _of_assets(select[start:end]):
        return
    for place, (before, token) in enumerate(pairwise(select)):
        if (before, token.upper()) != ("(", "SELECT") or start <= place < end or _depth(select, place):
            continue
        inner = select[place : place + _closes(select[place:])]
        if _of_assets(inner) and any(word.partition(".")[0] in names for word in inner if "." in word):
            yield " ".join(inner[1:12])


# What a look-up in tables of assets may not do with a column of the catalogue, unless it is joined left.
MERGES = re.compile(r"LIMIT|OFFSET|DISTINCT|GROUP")
AGGREGATE = re.compile(r"(?:array|string|bool|json|jsonb)_\w+|min|max|sum|avg|count|every")
ENDS_FROM = re.compile("WHERE|GROUP|HAVING|WINDOW|ORDER|LIMIT|OFFSET|UNION|EXCEPT|INTERSECT|FOR")


def refused_in_view(text: str) -> list[str]:
    """What a cluster refuses of a query over assets that it has to push down: the rule and the place."""
    tokens = TOKEN.findall(plain(text).partition(" AS\n")[2] or plain(text))
    catalogue_columns = re.compile(
        "|".join(
            rf"{alias}\."
            for table, alias in re.findall(r"\b(\w+) AS (\w+)", " ".join(tokens))
            if table in TABLES.reference
        )
        or "$^"
    )
    return [
        f"{rule}: {place}"
        for select in _selects(tokens)
        for rule, place in (
            *_without_tables(select),
            *_left_of_tables(select),
            *_laterals(select, catalogue_columns),
        )
    ]


def _selects(tokens: list[str]) -> Iterator[list[str]]:
    """Every SELECT of a query, the outermost and those in parentheses, each with all that it holds."""
    starts = [p for p, t in enumerate(tokens) if t.upper() == "SELECT"]
    for start in starts:
        depth, end = 0, start + 1
        while end < len(tokens):
            depth += {"(": 1, ")": -1}.get(tokens[end], 0)
            if depth < 0 or (depth == 0 and re.fullmatch("UNION|EXCEPT|INTERSECT", tokens[end].upper())):
                break
            end += 1
        yield tokens[start:end]


def _own(select: list[str]) -> Iterator[tuple[int, str]]:
    """Places and tokens of a SELECT outside of all parentheses."""
    depth = 0
    for place, token in enumerate(select):
        depth -= token == ")"
        if depth == 0:
            yield place, token
        depth += token == "("


def _from(select: list[str]) -> tuple[int, int]:
    """Where the FROM of a SELECT begins and ends; both its length where it has none."""
    own = list(_own(select))
    start = next(
        (
            place
            for (_, before), (place, token) in pairwise(own)
            if token.upper() == "FROM" and before.upper() != "DISTINCT"
        ),
        len(select),
    )
    end = next((p for p, t in own if p > start and ENDS_FROM.fullmatch(t.upper())), len(select))
    return start, end


def _of_assets(tokens: list[str]) -> bool:
    return any(
        re.fullmatch(f"{OF_ASSETS}|{OF_VIEWS}", token) and before.upper() in ("FROM", "JOIN", "(", ",")
        for before, token in pairwise(tokens)
    )


def _without_tables(select: list[str]) -> Iterator[tuple[str, str]]:
    start, end = _from(select)
    asks = [
        place
        for place, (before, token) in enumerate(pairwise(select))
        if before == "("
        and token.upper() == "SELECT"
        and not start <= place < end
        and _depth(select, place) == 0
    ]
    if asks and _of_assets(select) and not _of_assets(select[start:end]):
        yield "a subquery in a SELECT that reads none of the assets' tables", " ".join(select[:12])


def _depth(select: list[str], place: int) -> int:
    """In how many other subqueries a place lies."""
    open_ones: list[bool] = []
    for position in range(place):
        if select[position] == "(":
            open_ones.append(select[position + 1].upper() == "SELECT")
        elif select[position] == ")":
            open_ones.pop()
    return sum(open_ones)


def _left_of_tables(select: list[str]) -> Iterator[tuple[str, str]]:
    start, end = _from(select)
    for place, token in _own(select):
        if start < place < end and token.upper() == "LEFT" and not _of_assets(select[start:place]):
            joined = next((p for p, t in _own(select) if p > place and t.upper() == "ON"), end)
            if _of_assets(select[place:joined]):
                yield "rows of assets joined left to none of theirs", " ".join(select[place : place + 8])


def _laterals(select: list[str], catalogue_columns: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    start, end = _from(select)
    own = [(place, token) for place, token in _own(select) if start < place < end]
    for position, (place, token) in enumerate(own):
        if token.upper() != "LATERAL":
            continue
        inner, name = select[place + 1 : own[position + 2][0]], own[position + 4][1]
        if not (_merges(inner[1:]) and _of_assets(inner) and any(map(catalogue_columns.match, inner))):
            continue
        if own[position - 2][1].upper() != "LEFT":
            yield "a lateral of one row joined to the catalogue other than left", name
        for condition in conditions(" ".join(select[start:])):
            if _needs(condition, name):
                yield "a condition that makes a left join an inner one", condition


def _merges(select: list[str]) -> bool:
    own = [token for _, token in _own(select)]
    return any(MERGES.fullmatch(t.upper()) for t in own) or any(
        AGGREGATE.fullmatch(token) and after == "(" for token, after in pairwise(own)
    )


def _needs(condition: str, name: str) -> bool:
    """Whether a condition can't hold where nothing was joined by that name."""
    if f"{name}." not in condition or re.search(r"\( SELECT\b|IS (?:NOT )?(?:TRUE|FALSE|NULL)$", condition):
        return False
    told = re.fullmatch(r"\( (.*) \) IN \( true , true \)", condition)
    arms = told[1].split(" AND ") if told else [condition]
    return all(f"{name}." in arm and not re.search(r"IS (?:NOT )?NULL|coalesce", arm) for arm in arms)
