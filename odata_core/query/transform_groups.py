# Grouping and aggregation in memory (Data Aggregation 4.0, 3.2.1 and 3.2.3): rows -> projections to their grouping
# members -> groups -> rows with those members put in again.
# Strategy: the tree of grouping members is compiled to one function that reads a row and gives its projection together
# with what tells it from others; related entities are followed once for all members behind them.

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ..edm.rows import TYPE, Row
from ..errors import BadRequest
from ..records import record
from .aggregates import METHODS, entity_key, sameness
from .apply_run import Expression, Pipelines, Rows, Run, Step
from .apply_tree import Aggregate, GroupBy, Grouping, Measure, Staged
from .evaluate import Value
from .evaluate_paths import type_test
from .shapes import Record, Structured
from .tree import Cast, Dynamic, Path, ValueType

Measured = Callable[[Run, Rows], Any]

# ------------------------------------------------------------------ aggregate


def compile_aggregate(step: Aggregate, kind: Structured, pipelines: Pipelines) -> Step:
    items = [(item.name, _measure(item, kind, pipelines)) for item in step.items]
    return lambda run, rows: [Record({name: measure(run, rows) for name, measure in items}, is_transient=True)]


def _measure(item: Measure | Staged, kind: Structured, pipelines: Pipelines) -> Measured:
    if isinstance(item, Staged):
        pipeline = pipelines(item.steps, kind)
        # The last of the steps is an aggregate, which makes one row with one member.
        return lambda run, rows: next(iter(pipeline(run, rows)[0].values()))
    entities = _entities(item, kind)
    holder = kind if item.entities is None else item.entities.type
    value = Expression(item.value, _structured(holder)) if item.value is not None else None
    value_type = holder if item.value is None else item.value.type
    evaluate = None if item.method is None else METHODS[item.method].evaluate

    def measure(run: Run, rows: Rows) -> Any:
        found = entities(run, rows)
        values = found if value is None else _values(value.over(run, found), found)
        return Decimal(len(values)) if evaluate is None else evaluate(values, value_type)

    return measure


def _structured(kind: ValueType | None) -> Structured:
    assert isinstance(kind, Structured), "what has members is structured"
    return kind


def _entities(item: Measure, kind: Structured) -> Measured:
    """The rows, or the entities that a path leads to: "each entity reached via the path exactly once"."""
    if item.entities is None:
        return lambda run, rows: rows
    read, target = Expression(item.entities, kind), item.entities.type

    def entities(run: Run, rows: Rows) -> list[Row]:
        seen: dict[Hashable, Row] = {}
        for entity in _values(read.over(run, rows), rows):
            key = entity_key(entity, target)
            same = sameness(entity) if key is None else key
            other = seen.setdefault(same, entity)
            if other is not entity:
                seen[same] = _joined(other, entity)
        return list(seen.values())

    return entities


def _values(read: Value, rows: Sequence[Row]) -> list[Any]:
    """What a path gives for each row, collections flattened, without null (3.1.3, the notation Gamma)."""
    found: list[Any] = []
    for row in rows:
        value = read(row)
        if isinstance(value, list | tuple):
            found.extend([item for item in value if item is not None])
        elif value is not None:
            found.append(value)
    return found


def _joined(one: Row, other: Row) -> Row:
    """Two representations of one entity as one; they must not contradict each other (3.2.1.1)."""
    if type(one) is not Record and type(other) is not Record:
        return one  # as a store keeps them
    for name in one.keys() & other.keys():
        if sameness(one[name]) != sameness(other[name]):
            raise BadRequest(f"The rows contradict each other: '{name}' of one entity has two values.")
    return Record({**one, **other})


# ------------------------------------------------------------------ groupby

_ABSENT: Final = ("absent",)


@record
class _Member:
    """One grouping member, compiled: `applies` tells whether a row is of the type that has it."""

    name: str
    kind: ValueType | None
    is_declared: bool
    read: Expression
    applies: Callable[[Any], bool] | None
    inner: tuple[_Member, ...]


def _members(groupings: Iterable[Grouping], kind: Structured) -> tuple[_Member, ...]:
    members = []
    for grouping in groupings:
        cast = grouping.cast if isinstance(grouping.cast, Cast) else None
        holder = kind if cast is None else cast.type
        members.append(
            _Member(
                grouping.name,
                None if isinstance(grouping.step, Dynamic) else grouping.step.type,
                grouping.name in holder.properties or grouping.name in holder.navigation,
                Expression(Path((grouping.step,)), holder),
                None if cast is None else type_test(cast.type, cast.names, kind),
                _members(grouping.inner, _structured(grouping.step.type)) if grouping.inner else (),
            )
        )
    return tuple(members)


Project = Callable[[Row], tuple[Record, Hashable]]


def _projection(run: Run, members: Sequence[_Member]) -> Project:
    """A row's grouping members, and what is equal for rows of one group (3.2.3.1, the function s)."""
    readers = [
        (member, member.read.over(run, ()), _projection(run, member.inner) if member.inner else None)
        for member in members
    ]

    def project(row: Row) -> tuple[Record, Hashable]:
        record = Record(is_transient=True)
        parts: list[Hashable] = []
        for member, read, inner in readers:
            if _lacks(row, member):
                parts.append(_ABSENT)
                continue
            value = read(row)
            if member.applies is not None and TYPE in row:
                record[TYPE] = row[TYPE]
            if inner is not None and isinstance(value, Mapping):
                record[member.name], part = inner(value)
                parts.append(("members", part))
            else:
                record[member.name] = value
                parts.append(sameness(value, member.kind))
        return record, (record.get(TYPE), *parts)

    return project


def _lacks(row: Row, member: _Member) -> bool:
    """Whether a row has no such member: it is of another type, the member was aggregated away, or never added."""
    if member.applies is not None and not member.applies(row):
        return True
    return member.name not in row and (not member.is_declared or getattr(row, "is_transient", False))


def compile_groupby(step: GroupBy, kind: Structured, pipelines: Pipelines) -> Step:
    """Groups in the order of their first rows; several groupings one after the other."""
    groupings = [_members(grouping, kind) for grouping in step.groupings]
    pipeline = None if step.steps is None else pipelines(step.steps, kind)

    def groupby(run: Run, rows: Rows) -> Rows:
        result: Rows = []
        for members in groupings:
            project, inject = _projection(run, members), _injection(run, members)
            for key, group in _groups(rows, project):
                made = [key] if pipeline is None else [inject(row, key) for row in pipeline(run, group)]
                run.budget.spend(len(made))
                result.extend(made)
        return result

    return groupby


def _groups(rows: Rows, project: Project) -> Iterable[tuple[Record, Rows]]:
    groups: dict[Hashable, tuple[Record, Rows]] = {}
    for row in rows:
        record, same = project(row)
        found = groups.get(same)
        if found is None:
            groups[same] = (record, [row])
        else:
            found[1].append(row)
    return groups.values()


Inject = Callable[[Row, Row], Record]


def _injection(run: Run, members: Sequence[_Member]) -> Inject:
    """Puts a group's members into a row of its output (3.2.3.1, the function a)."""
    readers = [
        (member, member.read.over(run, ()), _injection(run, member.inner) if member.inner else None)
        for member in members
    ]

    def inject(row: Row, keys: Row) -> Record:
        values: dict[str, Any] = {TYPE: keys[TYPE]} if TYPE in keys else {}
        for member, read, inner in readers:
            value = keys.get(member.name)
            if inner is not None and isinstance(value, Mapping):
                held = None if _lacks(row, member) else read(row)
                value = inner(held if isinstance(held, Mapping) else Record(is_transient=True), value)
            if member.name in keys:
                values[member.name] = value
        rest = {name: value for name, value in row.items() if name not in values}
        return Record({**values, **rest}, is_transient=getattr(row, "is_transient", False))

    return inject
