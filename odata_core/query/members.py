# Paths in expressions: segments -> bound paths. Every name is looked up where the path has arrived; what may follow
# what is decided by the type there, and whether it is one value or many.
# Strategy: a Place is where a path has arrived; one function a kind of segment makes the next one.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ..edm import EntitySet, EntityType, Model, NavigationProperty
from ..edm.types import ComplexType, StructuredType
from ..errors import suggestion
from ..records import record
from ..uri.syntax import Aggregate, Lambda, Segment
from ..uri.syntax import Path as SyntaxPath
from .aggregates import COUNT_TYPE, METHODS
from .fitting import accept_as, describe, fit
from .scope import HERE, bound_source
from .tree import (
    UNTYPED,
    Aggregated,
    Bound,
    Cast,
    Constant,
    Convert,
    Count,
    Dynamic,
    Filtered,
    Follow,
    Path,
    Quantifier,
    Root,
    Source,
    Step,
    ValueType,
    Variable,
)

if TYPE_CHECKING:
    from .binder import Binder


@record
class Place:
    """Where a path has arrived: the path so far, and for entities the set they live in.

    `prefix` leads from `source` here, where what is here lies within its entities.
    """

    start: Variable | Root | Bound | None
    steps: tuple[Step, ...]
    type: ValueType | None
    is_collection: bool
    source: Source | None
    prefix: tuple[str, ...] = ()

    def bound(self) -> Bound:
        """The path as an expression."""
        if not self.steps and self.start is not None and not isinstance(self.start, Variable | Root):
            return self.start
        if not self.steps and self.start is None and self.type is not None:
            return Path((), Variable("$this", HERE, self.type, self.source, self.prefix))
        return Path(self.steps, self.start)

    def after(self, step: Step, **changes: Any) -> Place:
        many = self.is_collection or (not isinstance(step, Cast) and step.is_collection)
        return replace(self, steps=(*self.steps, step), type=step.type, is_collection=many, **changes)


def place_of(value: Bound, source: Source | None = None) -> Place:
    """The place where the value of an expression is."""
    if isinstance(value, Path):
        return Place(value.start, value.steps, value.type, value.is_collection, source)
    return Place(value, (), value.type, value.is_collection, source)


def narrowed(binder: Binder, place: Place) -> Place:
    """Where `cast(value,Type)` has a path behind it, as in v3: the place that v4 writes with a type segment."""
    value = place.start
    if not isinstance(value, Convert) or place.is_collection:
        return place
    before = binder.here() if value.operand is None else place_of(value.operand)
    kind, target = before.type, value.type
    if not isinstance(target, EntityType | ComplexType) or not isinstance(kind, StructuredType):
        return place
    if not (target.is_a(kind) or kind.is_a(target)):
        return place
    return before.after(Cast(target, value.names), prefix=(*before.prefix, target.qualified_name))


def follow(binder: Binder, place: Place, segments: tuple[Segment, ...]) -> Bound:
    """The expression at the end of the segments, from a place on."""
    for index, segment in enumerate(segments):
        ending = _ENDINGS.get(segment.name) if _is_known(binder, segment.name) else None
        if ending is not None and (segment.name not in _NEED_CALL or segment.arguments is not None):
            result = ending(binder, place, segment)
            if index + 1 < len(segments) and not isinstance(result, Filtered):
                binder.fail(f"Nothing can follow '{segment.name}' in a path.", segments[index + 1].position)
            place = place_of(result, place.source)
        else:
            place = _next(binder, place, segment)
    return place.bound()


def _next(binder: Binder, place: Place, segment: Segment) -> Place:
    """A type, a function of the model, a property or a navigation property."""
    name, kind = segment.name, place.type
    if "." in name and not name.startswith(("@", "$")):
        return cast_or_call(binder, place, segment)
    if kind is UNTYPED:
        return place.after(Dynamic(name))
    if not isinstance(kind, StructuredType):
        binder.fail(f"{_here(place)} has no properties, so '{name}' cannot follow it.", segment.position)
    member = find_member(binder, place, segment)
    if member is None:
        called = binder.calls.find_bound(place, segment)
        if called is None:
            unknown_member(binder, kind, segment)
        return place_of(called)
    return member


def find_member(binder: Binder, place: Place, segment: Segment) -> Place | None:
    """The property or navigation property of that name, or a dynamic one; None when there is none."""
    kind, name = place.type, segment.name
    assert isinstance(kind, StructuredType)
    added = binder.scope.computed.get(name) if place == binder.here() else None
    if added is not None:
        return place.after(added, source=added.target, prefix=()) if isinstance(added, Follow) else place.after(added)
    prop = kind.properties.get(name)
    if prop is not None:
        if segment.arguments is not None:
            binder.fail(f"The property '{name}' takes nothing in parentheses.", segment.position)
        return place.after(prop, prefix=(*place.prefix, name) if isinstance(prop.type, ComplexType) else place.prefix)
    navigation = kind.navigation.get(name)
    if navigation is not None:
        return navigate(binder, place, navigation, segment)
    if kind.is_open and segment.arguments is None and not name.startswith(("@", "$")):
        return place.after(Dynamic(name))
    return None


def navigate(binder: Binder, place: Place, navigation: NavigationProperty, segment: Segment) -> Place:
    """The entities behind a navigation property, or the one with the key in parentheses."""
    target = bound_source(place.source, place.prefix, navigation)
    key = None
    if segment.arguments:
        if not navigation.is_collection:
            binder.fail(f"'{navigation.name}' leads to one entity and takes no key.", segment.position)
        key = bind_key(binder, navigation.target, segment)
    step = Follow(navigation, target, key)
    if navigation.contains_target:
        return place.after(step, prefix=(*place.prefix, navigation.name))
    return place.after(step, source=target, prefix=())


def bind_key(binder: Binder, kind: EntityType, segment: Segment) -> tuple[Bound, ...]:
    """The key in a segment's parentheses, in key order."""
    given = segment.arguments or ()
    names = [argument.name for argument in given]
    if len(kind.key) == 1 and names == [None]:
        names = [kind.key[0]]
    if sorted(map(str, names)) != sorted(kind.key):
        keys = ", ".join(kind.key)
        binder.fail(
            f"The key of '{kind.qualified_name}' is {keys}, which '{segment.name}' must give.", segment.position
        )
    values = {name: binder.argument(argument) for name, argument in zip(names, given, strict=True)}
    return tuple([accept_as(values[name], kind.key_property(name)) for name in kind.key])


def cast_or_call(binder: Binder, place: Place, segment: Segment) -> Place:
    """`NS.Derived`, or `NS.Function(...)` bound to what is here"""
    if segment.arguments is None:
        target = binder.scope.model.find_type(segment.name)
        if target is not None:
            return cast(binder, place, target, segment)
    called = binder.calls.find_bound(place, segment)
    if called is None:
        model = binder.scope.model
        known = [*model.types, *model.operations]
        binder.fail(
            f"'{segment.name}' is neither a type nor a function that can be called here."
            f"{suggestion(segment.name, known)}",
            segment.position,
        )
    return place_of(called)


def cast(binder: Binder, place: Place, target: Any, segment: Segment) -> Place:
    """A type segment; the types must be of one family."""
    kind = place.type
    if kind is UNTYPED and isinstance(target, EntityType | ComplexType):
        return place.after(Cast(target, derived_names(binder.scope.model, target)))
    if not isinstance(target, EntityType | ComplexType) or not isinstance(kind, StructuredType):
        binder.fail(f"{_here(place)} cannot be a '{segment.name}'.", segment.position)
    if not (target.is_a(kind) or kind.is_a(target)):
        binder.fail(
            f"'{kind.qualified_name}' and '{target.qualified_name}' are not related by inheritance.", segment.position
        )
    step = Cast(target, derived_names(binder.scope.model, target))
    return place.after(step, prefix=(*place.prefix, target.qualified_name))


def derived_names(model: Model, target: StructuredType) -> frozenset[str]:
    """The names of a type and of all types that derive from it."""
    found = [
        kind.qualified_name for kind in model.types.values() if isinstance(kind, StructuredType) and kind.is_a(target)
    ]
    return frozenset([target.qualified_name, *found])


# ------------------------------------------------------------------ segments that make a value of a collection


def _need_collection(binder: Binder, place: Place, segment: Segment) -> None:
    if not place.is_collection and place.type is not UNTYPED:
        binder.fail(f"'{segment.name}' needs a collection, but {_here(place)} is a single value.", segment.position)


def _count(binder: Binder, place: Place, segment: Segment) -> Bound:
    """/$count, perhaps with $filter and $search in parentheses (4.01 Part 2, 5.1.1.15)"""
    _need_collection(binder, place, segment)
    if segment.arguments is not None:
        binder.fail("'$count' takes options only.", segment.position)
    system = segment.options.system if segment.options is not None else {}
    condition = system.get("$filter")
    inner = binder.within(place.type, place.source, place.prefix)
    bound = inner.condition(condition) if condition is not None else None
    return Count(place.bound(), bound, system.get("$search"))


def _filter(binder: Binder, place: Place, segment: Segment) -> Bound:
    """/$filter(condition)"""
    _need_collection(binder, place, segment)
    if segment.arguments is None or len(segment.arguments) != 1:
        binder.fail("'$filter' needs one condition in parentheses.", segment.position)
    node = segment.arguments[0].value
    assert not isinstance(node, Lambda | Aggregate)
    return Filtered(place.bound(), binder.within(place.type, place.source, place.prefix).condition(node))


def _quantifier(binder: Binder, place: Place, segment: Segment) -> Bound:
    """/any(), /any(x:condition), /all(x:condition)"""
    _need_collection(binder, place, segment)
    collection = place.bound()
    if not segment.arguments:
        if segment.name == "all":
            binder.fail("'all' needs a variable and a condition: all(x:...).", segment.position)
        return Quantifier(segment.name, collection)
    node = segment.arguments[0].value
    if not isinstance(node, Lambda) or len(segment.arguments) > 1:
        binder.fail(f"'{segment.name}' needs a variable and a condition: {segment.name}(x:...).", segment.position)
    if node.variable in binder.scope.variables or node.variable.startswith("$"):
        binder.fail(f"The variable '{node.variable}' is in use already.", node.position)
    assert place.type is not None, "only null has no type"
    variable = Variable(node.variable, binder.scope.next_index, place.type, place.source, place.prefix)
    condition = binder.nested(binder.scope.with_variable(variable)).condition(node.body)
    return Quantifier(segment.name, collection, variable, condition)


def _aggregate(binder: Binder, place: Place, segment: Segment) -> Bound:
    """/aggregate(expression with method) (Data Aggregation 4.0, 3.2.1.4)"""
    _need_collection(binder, place, segment)
    items = [argument.value for argument in segment.arguments or ()]
    if len(items) != 1 or not isinstance(items[0], Aggregate) or items[0].from_items or items[0].alias is not None:
        binder.fail("'aggregate' in a path takes one expression with a method.", segment.position)
    item = items[0]
    count = SyntaxPath((Segment("$count"),))
    if item.expression == count:
        return Aggregated(place.bound(), None, None, COUNT_TYPE)
    if item.expression is None or item.method is None:
        binder.fail("'aggregate' in a path takes one expression with a method.", segment.position)
    expression = binder.within(place.type, place.source, place.prefix).expression(item.expression)
    return Aggregated(place.bound(), expression, item.method, aggregate_type(binder, item.method, expression, segment))


def aggregate_type(binder: Binder, method: str, expression: Bound, segment: Segment) -> ValueType | None:
    """What a method makes of values of a type; only a service that has it knows that of a custom one."""
    row = METHODS.get(method)
    if row is None:
        return expression.type
    result = row.result(UNTYPED if expression.type is None else expression.type)
    if result is None or expression.is_collection:
        binder.fail(f"'{method}' needs {row.needs}.", segment.position)
    return result


def _is_known(binder: Binder, name: str) -> bool:
    """Whether the dialect has the construct: any and all came with v3, the others with v4."""
    grammar = binder.scope.grammar
    return grammar.has_lambda if name in ("any", "all") else grammar.has_case


_ENDINGS: Final[Mapping[str, Callable[[Binder, Place, Segment], Bound]]] = {
    "$count": _count,
    "$filter": _filter,
    "aggregate": _aggregate,
    "all": _quantifier,
    "any": _quantifier,
}
_NEED_CALL: Final = frozenset({"aggregate", "all", "any"})  # without parentheses they are names like others


# ------------------------------------------------------------------ $root and messages


def root(binder: Binder, segments: tuple[Segment, ...]) -> tuple[Place, tuple[Segment, ...]]:
    """$root/Set(key), $root/Set/key or $root/Singleton, and the segments behind it"""
    model = binder.scope.model
    if len(segments) < 2:
        binder.fail("'$root' must be followed by an entity set or a singleton.", segments[0].position)
    first, rest = segments[1], segments[2:]
    source: Source | None = model.entity_sets.get(first.name) or model.singletons.get(first.name)
    if source is None:
        known = [*model.entity_sets, *model.singletons]
        binder.fail(
            f"There is no entity set or singleton '{first.name}'.{suggestion(first.name, known)}", first.position
        )
    key: tuple[Bound, ...] | None = None
    if isinstance(source, EntitySet) and first.arguments:
        key = bind_key(binder, source.type, first)
    elif first.arguments:
        binder.fail(f"'{first.name}' is a single entity and takes no key.", first.position)
    elif isinstance(source, EntitySet) and rest and _is_key_text(source.type, rest[0]):
        key, rest = (_segment_key(binder, source.type, rest[0]),), rest[1:]
    start = Root(source, key)
    return Place(start, (), source.type, start.is_collection, source), rest


def _is_key_text(kind: EntityType, segment: Segment) -> bool:
    name = segment.name
    return (
        segment.arguments is None
        and len(kind.key) == 1
        and not name.startswith("$")
        and "." not in name
        and name not in ("any", "all")
    )


def _segment_key(binder: Binder, kind: EntityType, segment: Segment) -> Bound:
    prop = kind.key_property(kind.key[0])
    found = fit(Constant(segment.name, UNTYPED), prop.type)
    if found is None:
        binder.fail(
            f"'{segment.name}' is no value of the key '{prop.name}' of type {prop.type_name}.", segment.position
        )
    return found


def unknown_member(binder: Binder, kind: StructuredType, segment: Segment) -> NoReturn:
    """Refuses a name that a type does not have, with the nearest one that it has."""
    known = [*kind.properties, *kind.navigation, *binder.scope.variables, *binder.scope.computed]
    binder.fail(
        f"Could not find a property named '{segment.name}' on type '{kind.qualified_name}'."
        f"{suggestion(segment.name, known)}",
        segment.position,
    )


def _here(place: Place) -> str:
    return describe(place.bound()) if place.steps or place.start is not None else "the row at hand"
