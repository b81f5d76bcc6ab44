# What a request wants of entities, in the terms of payloads: bound options -> Shape.
# $select and $expand come out as the members that are written; what they filter and sort has happened before.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..edm import ComplexType, EntityType, Model, Operation, Property, StructuredType
from ..errors import NotImplementedHere
from ..payload.codec import MEDIA, Shape, own_parameters
from ..query.options import BoundOptions, Expansion, Form, Selected, Selection
from ..query.shapes import Field
from ..query.shapes import Shape as Fields
from ..query.tree import Computed, Follow, Source


def shape_of(kind: Any, source: Source | None, options: BoundOptions, model: Model | None = None) -> Shape:
    """The shape of values of a structured type under these options.

    `model` has the operations that $select may name; None where a version does not show these.
    """
    assert isinstance(kind, StructuredType), "only structured values have a shape"
    shape = Shape(kind, source, computed=tuple([_computed(item) for item in options.compute]))
    if options.apply is not None:
        shape = _of_fields(Shape(options.apply.kind_after, partial=True), options.apply.shape, shape.computed)
    shape = shape if options.select is None else _selected(shape, options.select, model)
    return _expanded(shape, options.expand, model)


def _of_fields(shape: Shape, given: Fields, more: tuple[Property, ...] = ()) -> Shape:
    """The shape of rows that $apply made: their own members, what was added, and the same of what they lead to."""
    kind, names = shape.type, given.fields
    added = [item.step for name, item in names.items() if name not in kind.properties]
    nested = [(name, item) for name, item in names.items() if isinstance(item.step, Follow)]
    return replace(
        shape,
        select=None if given.is_whole or given.is_mixed else tuple([name for name in names if name in kind.properties]),
        computed=(*[step for step in added if isinstance(step, Property)], *more),
        links=(),
        expand=tuple([(name, _target(item)) for name, item in nested]),
    )


def _target(item: Field) -> Shape:
    assert isinstance(item.step, Follow), "only entities are expanded"
    target = Shape(_declared(item.step.navigation.target), partial=True)
    return target if item.shape is None else _of_fields(target, item.shape)


def _declared(kind: EntityType) -> EntityType:
    """The type that the model has: one that was made with more members is derived from it, and has its name."""
    while isinstance(kind.base, EntityType) and kind.base.qualified_name == kind.qualified_name:
        kind = kind.base
    return kind


def _computed(item: Computed) -> Property:
    kind: Any = item.expression.type
    return Property(item.name, kind, is_collection=item.expression.is_collection)


def _selected(shape: Shape, selection: Selection, model: Model | None) -> Shape:
    """4.01 Part 2, 5.1.4: the named members; `*` is every structural property, declared or dynamic."""
    if selection.annotations:
        raise NotImplementedHere("Selecting annotations is not supported.", target="$select")
    if selection.operations or selection.schemas:
        shape = replace(shape, operations=_operations(shape.type, selection, model))
    names = [member.name for member in selection.members if not isinstance(member.member, Follow)]
    links = [member.name for member in selection.members if isinstance(member.member, Follow)]
    within = [_within(member, model) for member in selection.members if member.selection is not None]
    if selection.everything:
        return replace(shape, links=None if selection.links else tuple(links), within=tuple(within))
    computed = {prop.name for prop in shape.computed}
    return replace(
        shape,
        select=tuple(dict.fromkeys([name for name in names if name not in computed])),
        computed=tuple([prop for prop in shape.computed if prop.name in names]),
        links=None if selection.links else tuple(links),
        within=tuple(within),
    )


def _operations(kind: Any, selection: Selection, model: Model | None) -> tuple[Operation, ...]:
    """The operations among what $select names that can be called on what it selects from; others have no meaning."""
    if model is None:
        raise NotImplementedHere("Selecting operations is not supported in this version.", target="$select")
    wanted = {(one.name, None if one.parameters is None else frozenset(one.parameters)) for one in selection.operations}
    return tuple(
        [
            one
            for one in model.bound_operations(kind)
            if one.namespace in selection.schemas
            or not wanted.isdisjoint({(one.qualified_name, None), (one.qualified_name, frozenset(own_parameters(one)))})
        ]
    )


def _within(member: Selected, model: Model | None) -> tuple[str, Shape]:
    kind = member.member.type
    assert isinstance(kind, ComplexType), "only complex values have members to select"
    assert member.selection is not None, "whole values are no shape of their own"
    return member.name, _selected(Shape(kind), member.selection, model)


def _expanded(shape: Shape, expansions: Iterable[Expansion], model: Model | None) -> Shape:
    for expansion in expansions:
        path = [step for step in expansion.path if isinstance(step, Property)]
        shape = _with(shape, path, expansion, model)
    return shape


def _with(shape: Shape, path: list[Property], expansion: Expansion, model: Model | None) -> Shape:
    """The shape with one expansion more, perhaps within a complex property."""
    if path:
        inner = dict(shape.within)
        kind = path[0].type
        assert isinstance(kind, ComplexType), "a path of $expand goes through complex values"
        name, select = path[0].name, shape.select
        if select is not None and name not in select:  # of what is not selected, only what is expanded shows
            select, inner[name] = (*select, name), Shape(kind, select=(), links=())
        inner[name] = _with(inner.get(name, Shape(kind)), path[1:], expansion, model)
        return replace(shape, select=select, within=tuple(inner.items()))
    step = expansion.step
    if expansion.form is Form.STREAM and isinstance(step, Property):
        return replace(shape, streams=shape.streams | {step.name})
    if not isinstance(step, Follow):
        return replace(shape, streams=shape.streams | {MEDIA})
    if expansion.form is Form.COUNT:
        return shape
    expanded = step.navigation.target if expansion.cast is None else expansion.cast.type
    target = shape_of(expanded, step.target, expansion.options, model)
    if expansion.levels > 1:
        deeper = replace(expansion, levels=expansion.levels - 1)
        target = _with(target, [], deeper, model)
    name = step.navigation.name
    found = dict(shape.expand)
    known = found.get(name)
    found[name] = target if known is None or not known.partial else _made(known, target)
    references = shape.references | ({name} if expansion.form is Form.REFERENCES else frozenset())
    return replace(shape, expand=tuple(found.items()), references=references)


def _made(known: Shape, wanted: Shape) -> Shape:
    """What $expand shows of entities that $apply put into rows: not more than there is, and all of it on demand."""
    found = replace(wanted, partial=True, source=wanted.source if known.select is None else None)
    if wanted.select is not None:
        return found
    expand = {**dict(known.expand), **dict(wanted.expand)}
    return replace(found, computed=(*known.computed, *wanted.computed), expand=tuple(expand.items()))


def source_of(resource_source: Source | None, kind: Any) -> Source | None:
    """Where entities of a type live; complex values live nowhere by themselves."""
    return resource_source if isinstance(kind, EntityType) else None
