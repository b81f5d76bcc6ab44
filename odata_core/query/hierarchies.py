# Recursive hierarchies, bound: the annotation of the nodes' type with a qualifier -> the ways from a node to its
# identifier and to its parents (Data Aggregation 4.0, 5.5.2); and the functions that ask for them (5.5.2.1).
# Of leveled hierarchies, the paths of their levels (5.5.1).
# What a client got wrong is refused with 400; an annotation that says nothing usable, with 501.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

from ..edm import EntityType, Model, StructuredType
from ..edm import primitives as edm
from ..edm.annotations import Expression, Record, value_of
from ..errors import BadRequest, NotImplementedHere, suggestion
from ..uri.syntax import Argument, Segment
from ..uri.syntax import Path as SyntaxPath
from .fitting import comparable, describe, fit_value
from .scope import HERE, Scope
from .shapes import is_primitive
from .tree import (
    UNTYPED,
    Bound,
    Cast,
    Constant,
    Filtered,
    Follow,
    Hierarchy,
    HierarchyTest,
    Path,
    Root,
    Source,
    Variable,
)

if TYPE_CHECKING:
    from .binder import Binder

AGGREGATION: Final = "Org.OData.Aggregation.V1"
ALIAS: Final = "Aggregation"  # which the specification's examples give it, and a model need not declare
_RECURSIVE: Final = f"{AGGREGATION}.RecursiveHierarchy"
_LEVELED: Final = f"{AGGREGATION}.LeveledHierarchy"


def aggregation_name(model: Model, name: str) -> str | None:
    """What a qualified name means in the vocabulary for aggregation; None where it is of another namespace."""
    namespace, _, last = model.qualified(name).rpartition(".")
    is_free = ALIAS not in model.aliases and namespace == ALIAS and not model.find_operations(name)
    return last if namespace == AGGREGATION or is_free else None


def in_aggregation(model: Model, name: str) -> str:
    """The qualified name of something of that vocabulary, as short as the model lets it be."""
    aliases = [alias for alias, namespace in model.aliases.items() if namespace == AGGREGATION]
    return f"{aliases[0] if aliases else AGGREGATION}.{name}"


# ------------------------------------------------------------------ hierarchies


def hierarchy_of(binder: Binder, nodes: Bound, qualifier: str, position: int) -> Hierarchy:
    """The hierarchy that nodes form by the annotation of their type with a qualifier (6.1)."""
    kind = _checked_nodes(binder, nodes, position)
    assert isinstance(nodes, Path), "others were refused"
    record = annotation_of(binder.scope.model, kind, _RECURSIVE, qualifier)
    if record is None:
        known = suggestion(qualifier, _qualifiers(binder.scope.model, kind, _RECURSIVE))
        binder.fail(
            f"There is no recursive hierarchy '{qualifier}' of entities of the type '{kind.qualified_name}'.{known}",
            position,
        )
    if not isinstance(record, Record):
        _unusable(qualifier, "its annotation is no record")
    scope = binder.scope
    at_node = Scope(scope.model, scope.grammar, scope.limits, kind, source_of(nodes))
    identifier = _annotated(binder, at_node, record, "NodeProperty", qualifier)
    parent = _annotated(binder, at_node, record, "ParentNavigationProperty", qualifier)
    if identifier.is_collection or not is_primitive(identifier.type) or identifier.type in (None, UNTYPED):
        _unusable(qualifier, "its NodeProperty is no single primitive property")
    target, last = parent.type, next((step for step in reversed(parent.steps) if not isinstance(step, Cast)), None)
    if not isinstance(last, Follow) or not (
        isinstance(target, EntityType) and (target.is_a(kind) or kind.is_a(target))
    ):
        _unusable(qualifier, "its ParentNavigationProperty does not lead to entities of the same type")
    # Parents are nodes "from the same collection", so that is where they live when the model does not say.
    steps = [
        replace(step, target=at_node.source) if step is last and not last.target else step for step in parent.steps
    ]
    return Hierarchy(qualifier, nodes, identifier, Path((*steps, *identifier.steps)))


def _checked_nodes(binder: Binder, nodes: Bound, position: int) -> EntityType:
    """The type of nodes: "an expression of type Collection(Edm.EntityType) starting with $root" (6.1)"""
    if isinstance(nodes, Filtered):
        raise NotImplementedHere(
            "Nodes of a hierarchy that are chosen with '$filter' are not supported.",
            text=binder.text,
            position=position,
        )
    if not isinstance(nodes, Path) or not isinstance(nodes.start, Root) or not nodes.is_collection:
        binder.fail("The nodes of a hierarchy are a collection that begins with $root.", position)
    if not isinstance(nodes.type, EntityType):
        binder.fail("The nodes of a hierarchy are entities.", position)
    keys = [nodes.start.key, *[step.key for step in nodes.steps if isinstance(step, Follow)]]
    if any(not isinstance(part, Constant) for key in keys for part in key or ()):
        raise NotImplementedHere(
            "The nodes of a hierarchy cannot depend on the row at hand: keys before them must be literals.",
            text=binder.text,
            position=position,
        )
    return nodes.type


def source_of(nodes: Path) -> Source | None:
    """The set where nodes live."""
    found = next((step for step in reversed(nodes.steps) if isinstance(step, Follow)), None)
    if found is not None:
        return found.target
    return nodes.start.source if isinstance(nodes.start, Root) else None


def levels_of(model: Model, kind: StructuredType, qualifier: str, text: str, position: int) -> list[str]:
    """The paths of a leveled hierarchy, that of the root first: "a collection consisting of p1,...,pn with n>=2"."""
    found = value_of(annotation_of(model, kind, _LEVELED, qualifier))
    if found is None:
        known = suggestion(qualifier, _qualifiers(model, kind, _LEVELED))
        message = f"There is no leveled hierarchy '{qualifier}' of the type '{kind.qualified_name}'.{known}"
        raise BadRequest(message, text=text, position=position)
    if not isinstance(found, list) or len(found) < 2 or not all(isinstance(path, str) and path for path in found):
        raise NotImplementedHere(f"The leveled hierarchy '{qualifier}' cannot be used: it needs two paths or more.")
    return found


def annotation_of(model: Model, kind: StructuredType, term: str, qualifier: str) -> Expression | None:
    """What is said of a type, or else of the nearest that it derives from."""
    found = [model.annotation(one.qualified_name, term, qualifier) for one in _lineage(kind)]
    return next((value for value in found if value is not None), None)


def _qualifiers(model: Model, kind: StructuredType, term: str) -> list[str]:
    said = [annotation for one in _lineage(kind) for annotation in model.annotations_of(one.qualified_name)]
    return [annotation.qualifier for annotation in said if annotation.term == term]


def _lineage(kind: StructuredType) -> Iterator[StructuredType]:
    one: StructuredType | None = kind
    while one is not None:
        yield one
        one = one.base


def _annotated(binder: Binder, scope: Scope, record: Record, name: str, qualifier: str) -> Path:
    """The path that a property of the annotation holds."""
    text = value_of(record.get(name))
    if not isinstance(text, str) or not text:
        _unusable(qualifier, f"its {name} is no path")
    try:
        bound = binder.nested(scope).expression(SyntaxPath(tuple([Segment(part) for part in text.split("/")])))
    except BadRequest as error:
        _unusable(qualifier, f"its {name} '{text:.100}' leads nowhere: {error.message[:-1]}")
    if not isinstance(bound, Path) or bound.start is not None or not bound.steps:
        _unusable(qualifier, f"its {name} '{text:.100}' is no path of properties")
    return bound


def _unusable(qualifier: str, why: str) -> NoReturn:
    raise NotImplementedHere(f"The recursive hierarchy '{qualifier}' cannot be used: {why}.")


def related_to(binder: Binder, value: Bound, hierarchy: Hierarchy, what: str, position: int) -> Bound:
    """A value that names a node, in a form that compares with the identifiers of the nodes."""
    assert hierarchy.nodes.type is not None, "nodes are entities"
    identifier = Path(hierarchy.identifier.steps, Variable("node", HERE, hierarchy.nodes.type))
    pair = comparable(value, identifier)
    if pair is None:
        binder.fail(
            f"{what} cannot name a node of '{hierarchy.qualifier}': {describe(value)} does not compare with "
            f"{describe(Path(hierarchy.identifier.steps))}.",
            position,
        )
    return pair[0]


# ------------------------------------------------------------------ functions

SECOND_NODE: Final[Mapping[str, str]] = {
    "isancestor": "Descendant",
    "isdescendant": "Ancestor",
    "issibling": "Other",
}
"""The parameter of each function that names a second node."""
_ALWAYS: Final = ("HierarchyNodes", "HierarchyQualifier", "Node")
_OF_RELATIONS: Final = ("MaxDistance", "IncludeSelf")
_PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "isancestor": ("Descendant", *_OF_RELATIONS),
    "isdescendant": ("Ancestor", *_OF_RELATIONS),
    "isleaf": (),
    "isnode": (),
    "isroot": (),
    "issibling": ("Other",),
}
"""What each function takes beside the hierarchy and a node's identifier."""
ROLLUP_NODE: Final = "rollupnode"


def bind_hierarchy_call(binder: Binder, segment: Segment) -> Bound | None:
    """A call of a function of the vocabulary; None where it is none."""
    name = aggregation_name(binder.scope.model, segment.name)
    if name == ROLLUP_NODE:
        return _rollup_node(binder, segment)
    if name is None or name not in _PARAMETERS:
        return None
    given = _arguments(binder, segment, (*_ALWAYS, *_PARAMETERS[name]))
    needed = {*_ALWAYS, *(_PARAMETERS[name][:1])}
    missing = sorted(needed - given.keys())
    if missing:
        binder.fail(f"The function '{segment.name}' needs the parameter '{missing[0]}'.", segment.position)
    qualifier = binder.argument(given["HierarchyQualifier"])
    if not isinstance(qualifier, Constant) or not isinstance(qualifier.value, str):
        binder.fail("The HierarchyQualifier is a text, such as 'Organization'.", _position(given["HierarchyQualifier"]))
    nodes = binder.argument(given["HierarchyNodes"])
    hierarchy = hierarchy_of(binder, nodes, qualifier.value, _position(given["HierarchyNodes"]))

    def named(parameter: str) -> Bound:
        argument = given[parameter]
        return related_to(binder, binder.argument(argument), hierarchy, f"'{parameter}'", _position(argument))

    other = SECOND_NODE.get(name)
    return HierarchyTest(
        name,
        hierarchy,
        named("Node"),
        None if other is None else named(other),
        _distance(binder, given.get("MaxDistance")),
        _includes_self(binder, given.get("IncludeSelf")),
    )


def _arguments(binder: Binder, segment: Segment, known: tuple[str, ...]) -> Mapping[str, Argument]:
    given: dict[str, Argument] = {}
    for argument in segment.arguments or ():
        name = argument.name
        if name is None or name in given:
            binder.fail(f"The arguments of '{segment.name}' need names, each once.", segment.position)
        if name not in known:
            binder.fail(
                f"The function '{segment.name}' has no parameter '{name}'.{suggestion(name, known)}", segment.position
            )
        given[name] = argument
    return given


def _position(argument: Argument) -> int:
    return getattr(argument.value, "position", 0)


def _fixed(binder: Binder, argument: Argument, what: str) -> Constant:
    """The value of a parameter that is the same for all rows, as far as is supported here."""
    value = binder.argument(argument)
    if not isinstance(value, Constant):
        raise NotImplementedHere(f"{what} must be a literal here.", text=binder.text, position=_position(argument))
    return value


def _distance(binder: Binder, argument: Argument | None) -> int | None:
    if argument is None:
        return None
    value = fit_value(_fixed(binder, argument, "MaxDistance"), edm.INT16)
    if not isinstance(value, Constant) or value.type is not edm.INT16 or value.value is None or value.value < 1:
        binder.fail("MaxDistance is a whole number from 1 to 32767.", _position(argument))
    distance: int = value.value
    return distance


def _includes_self(binder: Binder, argument: Argument | None) -> bool:
    if argument is None:
        return False
    value = _fixed(binder, argument, "IncludeSelf")
    if value.value is not True and value.value is not False:
        binder.fail("IncludeSelf is true or false.", _position(argument))
    return value.value is True


def _rollup_node(binder: Binder, segment: Segment) -> Bound:
    """The node for which `rolluprecursive` is at work; the innermost one where several are nested (6.3)."""
    given = _arguments(binder, segment, ("Position",))
    number = 1
    if "Position" in given:
        value = binder.argument(given["Position"])
        if not isinstance(value, Constant) or not isinstance(value.value, int):
            binder.fail("The Position of a node is a whole number from 1.", _position(given["Position"]))
        number = value.value
    variable = binder.scope.variables.get(f"{ROLLUP_NODE}/{number}")
    if variable is None:
        binder.fail(
            f"There is no node {number} here: '{segment.name}' stands in what groupby does behind rolluprecursive.",
            segment.position,
        )
    return Path((), variable)
