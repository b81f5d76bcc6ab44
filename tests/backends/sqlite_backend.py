# A second backend, over SQLite and read-only: the proof that the contract is enough for a store that does the work
# itself. Each row is one document, and beside it a column for every value that SQL compares as OData does.
# Strategy: an expression becomes parameterised SQL by tables of operators and functions; what no table has raises
# Untranslatable, and that part of the query is left to the core by not claiming it.

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final

from odata_core.backend import Answer, Context, Done, Key, Query, Row, Source
from odata_core.backend.completion import complete, total_order
from odata_core.edm import Model, PrimitiveType, Property
from odata_core.edm import primitives as edm
from odata_core.query.evaluate import compile_value
from odata_core.query.tree import Bound, Compare, Constant, Invoke, Logic, Not, Path
from odata_core.testing.strategies import paths_of

# Text is compared by bytes of UTF-8, which is by code points. Moments are compared by instant. Missing are decimals,
# which SQLite would round, floats, whose NaN it turns into null, and enumerations, which go by number.
_COLUMNS: Final[Mapping[PrimitiveType, Callable[[Any], Any]]] = {
    **dict.fromkeys((edm.BYTE, edm.SBYTE, edm.INT16, edm.INT32, edm.INT64, edm.BOOLEAN), int),
    **dict.fromkeys((edm.DATETIME, edm.DATETIME_OFFSET), lambda value: value.instant),
    **dict.fromkeys((edm.TIME, edm.DURATION, edm.TIME_OF_DAY), lambda value: value.ticks),
    edm.STRING: str,
    edm.BINARY: bytes,
    edm.GUID: str,
    edm.DATE: lambda value: value.isoformat(),
}
_COMPARISONS: Final = {
    "eq": "({} IS {})",
    "ne": "({} IS NOT {})",
    "lt": "ifnull({} < {}, 0)",
    "le": "ifnull({} <= {}, 0)",
    "gt": "ifnull({} > {}, 0)",
    "ge": "ifnull({} >= {}, 0)",
}
_FUNCTIONS: Final = {
    "contains": "(instr({}, {}) > 0)",
    "startswith": "(instr({}, {}) = 1)",
    "indexof": "(instr({}, {}) - 1)",
    "concat": "({} || {})",
}


class Untranslatable(Exception):
    """A part of a query that SQL would answer differently, or not at all."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL, and the values of its question marks in their order."""

    text: str
    parameters: tuple[Any, ...] = ()


def _sql(bound: Bound) -> Sql:
    match bound:
        case Constant(value, kind):
            return Sql("?", (None if value is None else _column(kind)(value),))
        case Path():
            _column(bound.type)
            return Sql(_name(bound))
        case Compare(operator, left, right):
            return _fill(_COMPARISONS[operator], (left, right))
        case Logic(operator, operands):
            return _fill(f"({f' {operator} '.join(['{}'] * len(operands))})", operands)
        case Not(operand):
            return _fill("(not {})", (operand,))
        case Invoke(function, arguments):
            if function not in _FUNCTIONS:
                raise Untranslatable(function)
            return _fill(_FUNCTIONS[function], arguments)
        case _:
            raise Untranslatable(bound)


def _fill(template: str, operands: tuple[Bound, ...]) -> Sql:
    parts = [_sql(operand) for operand in operands]
    return Sql(template.format(*[part.text for part in parts]), _parameters(parts))


def _parameters(parts: Iterable[Sql]) -> tuple[Any, ...]:
    return tuple([parameter for part in parts for parameter in part.parameters])


def _column(kind: Any) -> Callable[[Any], Any]:
    if kind not in _COLUMNS:
        raise Untranslatable(kind)
    return _COLUMNS[kind]


def _name(path: Path) -> str:
    names = [step.name for step in path.steps if isinstance(step, Property)]
    if path.start is not None or path.is_collection or len(names) != len(path.steps):
        raise Untranslatable(path)
    return f'"{"/".join(names)}"'


def _where(query: Query) -> Sql:
    if query.filter is None:
        return Sql("")
    condition = _sql(query.filter)
    return Sql(f" WHERE {condition.text}", condition.parameters)


def _order_by(query: Query) -> Sql:
    keys = [(_sql(item.expression), item.descending) for item in total_order(query)]
    texts = [f"{key.text} DESC NULLS LAST" if descending else f"{key.text} NULLS FIRST" for key, descending in keys]
    return Sql(f" ORDER BY {', '.join(texts)}", _parameters(key for key, _ in keys))


class SqliteSession:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, entity_set: Source, key: Key) -> Row | None:
        properties = [entity_set.type.properties[name] for name in entity_set.type.key]
        parts = [
            Compare("eq", Path((prop,)), Constant(value, prop.type))
            for prop, value in zip(properties, key, strict=True)
        ]
        query = Query(entity_set, filter=Logic("and", tuple(parts)))
        return next(iter(complete(self.select(query), query)[0]), None)

    def select(self, query: Query) -> Answer:
        source = Sql(f' FROM "{query.entity_set.name}"')
        try:
            where = _where(query)
        except Untranslatable:
            return Answer(self._documents(source))
        try:
            order = _order_by(query)
        except Untranslatable:
            return Answer(self._documents(source, where), Done.FILTER)
        page = Sql(" LIMIT ? OFFSET ?", (-1 if query.top is None else query.top, query.skip))
        total = self._run("SELECT count(*)", source, where)[0][0] if query.count else None
        return Answer(self._documents(source, where, order, page), Done.FILTER | Done.ORDER | Done.PAGE, total)

    def _documents(self, *parts: Sql) -> list[Row]:
        return [pickle.loads(document) for (document,) in self._run("SELECT document", *parts)]

    def _run(self, select: str, *parts: Sql) -> list[Any]:
        text = select + "".join(part.text for part in parts)
        return self._connection.execute(text, _parameters(parts)).fetchall()


class SqliteBackend:
    """The rows of all entity sets in one database file."""

    def __init__(self, model: Model, rows: Mapping[str, Iterable[Row]], file: FilePath) -> None:
        self._file = file
        with closing(sqlite3.connect(file)) as connection, connection:
            for name, entity_set in model.entity_sets.items():
                paths = [path for path in paths_of(entity_set.type) if path.type in _COLUMNS]
                connection.execute(f'CREATE TABLE "{name}" (document, {", ".join(map(_name, paths))})')
                insert = f'INSERT INTO "{name}" VALUES ({", ".join("?" * (1 + len(paths)))})'
                connection.executemany(insert, [_document(paths, row) for row in rows.get(name, ())])

    @contextmanager
    def session(self, context: Context) -> Iterator[SqliteSession]:
        with closing(sqlite3.connect(f"{self._file.as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("BEGIN")
            yield SqliteSession(connection)


def _document(paths: Iterable[Path], row: Row) -> list[Any]:
    values = [(path.type, compile_value(path)(row)) for path in paths]
    return [pickle.dumps(dict(row)), *[None if value is None else _column(kind)(value) for kind, value in values]]
