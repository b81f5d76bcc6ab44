# $select: paths -> one tree of what is wanted (4.01 Part 2, 5.1.4; Part 1, 11.2.5.1).
# Strategy: a node for each structured value collects what all items say of it; the union of the items is what remains
# when a node is frozen.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ..edm import ComplexType, EntityType, Model, NavigationProperty, Property
from ..edm.types import StructuredType
from ..errors import suggestion
from ..uri.syntax import Options, Segment, SelectItem
from .members import derived_names
from .options import BoundOptions, Level, Member, Selected, SelectedOperation, Selection
from .scope import bound_source
from .tree import Cast, Dynamic, Follow

BindOptions = Callable[[Options, Level], BoundOptions]
_Key = tuple[str, str]


@dataclass(slots=True)
class _Chosen:
    member: Member
    cast: Cast | None
    is_whole: bool = False
    node: Node | None = None
    options: BoundOptions | None = None
    has_options: bool = False


@dataclass(slots=True)
class Node:
    """What is wanted of one structured value, while it is being collected."""

    everything: bool = False
    links: bool = False
    members: dict[_Key, _Chosen] = field(default_factory=dict)
    operations: dict[SelectedOperation, None] = field(default_factory=dict)
    schemas: dict[str, None] = field(default_factory=dict)
    annotations: dict[str, None] = field(default_factory=dict)

    def choose(self, member: Member, cast: Cast | None) -> _Chosen:
        """The entry of a member, made where there is none."""
        name = member.navigation.name if isinstance(member, Follow) else member.name
        key = ("" if cast is None else cast.type.qualified_name, name)
        return self.members.setdefault(key, _Chosen(member, cast))

    def frozen(self) -> Selection:
        """The collected tree as a value."""
        members = tuple([_frozen(chosen) for chosen in self.members.values()])
        return Selection(
            self.everything, self.links, members, tuple(self.operations), tuple(self.schemas), tuple(self.annotations)
        )


def _frozen(chosen: _Chosen) -> Selected:
    node = None if chosen.is_whole or chosen.node is None else chosen.node.frozen()
    return Selected(chosen.member, chosen.cast, node, chosen.options)


def bind_select(items: Iterable[SelectItem], level: Level, bind: BindOptions) -> Selection:
    """The union of what the items of $select name."""
    node = Node()
    for item in items:
        insert(node, item, level, bind)
    return node.frozen()


def insert(node: Node, item: SelectItem, level: Level, bind: BindOptions) -> None:
    """Add what one item names."""
    cast: Cast | None = None
    for index, segment in enumerate(item.path):
        is_last = index + 1 == len(item.path)
        if is_last and _special(node, segment, level, has_cast=cast is not None):
            break
        kind = _kind(level, cast)
        if "." in segment.name and not segment.name.startswith("@"):
            cast = _cast(kind, segment, level, is_last=is_last)
            continue
        member = find_member(kind, segment, level, is_first=cast is None and index == 0)
        if isinstance(member, Follow):
            if not is_last:
                name = segment.name
                level.fail(
                    f"'{name}' is a navigation property: select from it within $expand={name}(...).", segment.position
                )
            if item.options is not None:
                level.fail("Options of a navigation property belong to $expand.", segment.position)
        chosen = node.choose(member, cast)
        if is_last:
            _choose(chosen, item, level, bind)
            return
        node, level, cast = _descend(chosen, segment, level), _inner(member, segment, level), None
    if item.options is not None:
        level.fail("Options can only stand behind a property.", item.path[-1].position)


def _kind(level: Level, cast: Cast | None) -> StructuredType | None:
    kind = level.scope.kind if cast is None else cast.type
    return kind if isinstance(kind, StructuredType) else None


def _special(node: Node, segment: Segment, level: Level, *, has_cast: bool) -> bool:
    """`*`, `NS.*`, an operation or an annotation; False for what is none of them."""
    name, model = segment.name, level.scope.model
    if name == "*":
        node.everything = True
        if has_cast:
            level.fail("'*' cannot stand behind a type.", segment.position)
        return True
    if name.endswith(".*"):
        if name[:-2] not in _schemas(model):
            level.fail(f"There is no schema '{name[:-2]}'.{suggestion(name[:-2], _schemas(model))}", segment.position)
        node.schemas[model.aliases.get(name[:-2], name[:-2])] = None
        return True
    if name.startswith("@"):
        node.annotations[name[1:]] = None
        return True
    if "." in name and not isinstance(model.find_type(name), StructuredType):
        node.operations[_operation(segment, level)] = None
        return True
    return False


def _schemas(model: Model) -> set[str]:
    """Namespaces and aliases; v3 names the container."""
    declared = {kind.namespace for kind in model.types.values()}
    declared |= {name.rpartition(".")[0] for name in (*model.operations, *model.terms, *model.type_definitions)}
    containers = {model.container, f"{model.namespace}.{model.container}"}
    return declared | containers | {model.namespace, *model.aliases}


def _operation(segment: Segment, level: Level) -> SelectedOperation:
    """An action or function by its qualified name; one that cannot be bound here is left to be ignored."""
    model = level.scope.model
    overloads = model.find_operations(segment.name)
    if not overloads:
        known = [*model.operations, *model.types]
        level.fail(
            f"'{segment.name}' is neither a type nor an operation.{suggestion(segment.name, known)}", segment.position
        )
    name = overloads[0].qualified_name
    if segment.arguments is None:
        return SelectedOperation(name)
    names = tuple([getattr(argument.value, "segments", (segment,))[0].name for argument in segment.arguments])
    for operation in overloads:
        parameters = operation.parameters[1:] if operation.is_bound else operation.parameters
        if sorted(parameter.name for parameter in parameters) == sorted(names):
            return SelectedOperation(name, names)
    level.fail(f"No overload of '{segment.name}' has the parameters ({', '.join(names)}).", segment.position)


def _cast(kind: StructuredType | None, segment: Segment, level: Level, *, is_last: bool) -> Cast:
    target = level.scope.model.find_type(segment.name)
    if not isinstance(target, EntityType | ComplexType):
        known = suggestion(segment.name, level.scope.model.types)
        level.fail(f"There is no structured type '{segment.name}'.{known}", segment.position)
    if kind is None or not (target.is_a(kind) or kind.is_a(target)):
        name = "what is here" if kind is None else f"'{kind.qualified_name}'"
        level.fail(f"{name} cannot be a '{target.qualified_name}'.", segment.position)
    if is_last:
        level.fail(f"A property is expected behind the type '{segment.name}'.", segment.position)
    return cast_to(target, level.scope.model)


def cast_to(target: EntityType | ComplexType, model: Model) -> Cast:
    """The step to a derived type, with the names of all that derive from it."""
    return Cast(target, derived_names(model, target))


def find_member(kind: StructuredType | None, segment: Segment, level: Level, *, is_first: bool) -> Member:
    """The member of that name: declared, added by $compute or $apply, or dynamic."""
    name, scope = segment.name, level.scope
    found: Property | NavigationProperty | Follow | None = scope.computed.get(name) if is_first else None
    if found is None and kind is not None:
        found = kind.properties.get(name) or kind.navigation.get(name)
    if isinstance(found, NavigationProperty):
        return Follow(found, bound_source(scope.source, scope.prefix, found))
    if found is not None:
        return found
    if kind is None:
        level.fail(f"'{name}' cannot be looked up: the resource has no properties.", segment.position)
    if kind.is_open and not name.startswith(("$", "*")):
        return Dynamic(name)
    known = suggestion(name, [*kind.properties, *kind.navigation, *scope.computed])
    level.fail(f"Could not find a property named '{name}' on type '{kind.qualified_name}'.{known}", segment.position)


def _descend(chosen: _Chosen, segment: Segment, level: Level) -> Node:
    if not isinstance(chosen.member, Dynamic) and not isinstance(chosen.member.type, ComplexType):
        level.fail(f"'{segment.name}' has no properties.", segment.position)
    if chosen.node is None:
        chosen.node = Node()
    return chosen.node


def _inner(member: Member, segment: Segment, level: Level) -> Level:
    """The level of what lies within a complex property; nothing is known of what lies within a dynamic one."""
    kind = member.type if isinstance(member.type, StructuredType) else None
    if kind is None:
        level.unsupported(f"Nothing can be selected from the dynamic property '{segment.name}'.", segment.position)
    scope = level.scope
    return level.within(scope.inner(kind, scope.source, (*scope.prefix, segment.name)))


# 11.2.5.1: what may stand in the parentheses behind a property.
_OF_COLLECTION: Final = frozenset({"$filter", "$search", "$count", "$orderby", "$skip", "$top"})
_OF_COMPLEX: Final = frozenset({"$select", "$compute"})


def _choose(chosen: _Chosen, item: SelectItem, level: Level, bind: BindOptions) -> None:
    """Note that a member is wanted, whole or as its options say."""
    member, segment = chosen.member, item.path[-1]
    if item.options is None:
        chosen.is_whole = True
        return
    if chosen.has_options:
        level.fail(f"'{segment.name}' has options in more than one place.", segment.position)
    allowed = (_OF_COLLECTION if member.is_collection else frozenset()) | (
        _OF_COMPLEX if isinstance(member.type, ComplexType) else frozenset()
    )
    check_allowed(item.options.system, allowed, segment, level)
    scope = level.scope
    inner = level.within(scope.inner(member.type, scope.source, (*scope.prefix, segment.name)))
    nested = bind(item.options, inner)
    rest = replace(nested, select=None)
    chosen.has_options, chosen.options = True, None if rest == BoundOptions() else rest
    if "$select" not in item.options.system:
        chosen.is_whole = True
        return
    node = _descend(chosen, segment, level)
    computed = {computed.name for computed in nested.compute}
    for nested_item in item.options.system["$select"]:
        # The nested $compute is known to the nested $select.
        if not (len(nested_item.path) == 1 and nested_item.path[0].name in computed):
            insert(node, nested_item, inner, bind)
        else:
            node.choose(Dynamic(nested_item.path[0].name), None).is_whole = True


def check_allowed(given: Mapping[str, object], allowed: frozenset[str], segment: Segment, level: Level) -> None:
    """Refuse options that have no meaning behind a member."""
    for name in given:
        if name not in allowed:
            what = ", ".join(sorted(allowed)) or "no options"
            level.fail(f"'{name}' cannot stand behind '{segment.name}': it takes {what}.", segment.position)
