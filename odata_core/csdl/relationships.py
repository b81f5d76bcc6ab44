# Relationships: the associations of CSDL 1.0 to 3.0 as what other versions say on navigation properties.
# Sections are those of [MC-CSDL]. Strategy: gather associations, types and navigation properties of all schemas first,
# because each refers to the others; then a navigation property or an association set is a look-up.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..edm.associations import AssociationEnd, AssociationSet, NamedAssociation
from ..records import record
from .markup import Element, Misread
from .scope import Scope, required

_MULTIPLICITIES = frozenset({"0..1", "1", "*"})


@record
class End:
    """One side of an association: who stands there, how many of them, and what happens when one is deleted."""

    role: str
    type_name: str
    multiplicity: str
    on_delete: str | None


@record
class Association:
    """Two ends by role; `equal` pairs properties of the first end with those of the second that must be equal."""

    element: Element
    ends: tuple[End, End]
    equal: tuple[tuple[str, str], ...] = ()
    principal: str = ""  # the role whose key the other end refers to

    def end(self, role: str) -> End | None:
        return next((end for end in self.ends if end.role == role), None)

    def pairs_from(self, role: str) -> tuple[tuple[str, str], ...]:
        """The pairs, properties of the end with that role first."""
        if role == self.ends[0].role:
            return self.equal
        return tuple([(theirs, mine) for mine, theirs in self.equal])


@record
class Way:
    """A navigation property: the type that has it, and the roles it leads between."""

    owner: str
    name: str
    association: str
    from_role: str
    to_role: str


@dataclass(slots=True)
class Relationships:
    """All associations and navigation properties by name, and the base of each type."""

    associations: dict[str, Association] = field(default_factory=dict)
    ways: dict[tuple[str, str, str], list[Way]] = field(default_factory=dict)  # by association and its two roles
    bases: dict[str, str] = field(default_factory=dict)
    sets: dict[str, list[AssociationSet]] = field(default_factory=dict)  # by association; filled by containers

    def named(self) -> Iterator[NamedAssociation]:
        """What the document calls its associations."""
        for name, association in self.associations.items():
            first, second = association.ends
            ends = [
                AssociationEnd(end.role, end.type_name, end.multiplicity, end.on_delete) for end in association.ends
            ]
            ways = [
                tuple([f"{way.owner}/{way.name}" for way in self.ways.get((name, here.role, there.role), ())])
                for here, there in ((first, second), (second, first))
            ]
            yield NamedAssociation(
                name,
                (ends[0], ends[1]),
                association.equal,
                int(association.principal == second.role),
                (ways[0], ways[1]),
                tuple(self.sets.get(name, ())),
            )

    def derives(self, name: str, base: str) -> bool:
        """Whether a type is another, or derives from it."""
        seen = set()
        while name not in seen:
            if name == base:
                return True
            seen.add(name)
            name = self.bases.get(name, name)
        return False

    def partner(self, way: Way) -> str | None:
        """The navigation property that leads back, as a path from the target of `way`, if there is only one."""
        back = self.ways.get((way.association, way.to_role, way.from_role), ())
        if len(back) > 2:
            return None
        others = [other for other in back if (other.owner, other.name) != (way.owner, way.name)]
        end = self.associations[way.association].end(way.to_role)
        if len(others) != 1 or end is None or way.from_role == way.to_role:
            return None
        return self._path(end.type_name, others[0])

    def _path(self, start: str, way: Way) -> str | None:
        """The path to a navigation property from a type: through a cast where a derived type has it."""
        if self.derives(start, way.owner):
            return way.name
        return f"{way.owner}/{way.name}" if self.derives(way.owner, start) else None

    def bound(self, association: str, ends: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
        """Set, path and target set that an association set binds; `ends` has set and entity type for each role."""
        for here, there in ((here, there) for here in ends for there in ends if here != there):
            name, type_name = ends[here]
            for way in self.ways.get((association, here, there), ()):
                path = self._path(type_name, way)
                if path is not None:
                    yield name, path, ends[there][0]


def gather(schemas: Iterable[tuple[Scope, Element]]) -> Relationships:
    """What the schemas of a model say about relationships."""
    found = Relationships()
    for scope, schema in schemas:
        for element in schema.each("Association"):
            name = scope.own(required(element, "Name"))
            if name in found.associations:
                raise Misread(element, f"The association '{name}' is declared twice.")
            found.associations[name] = _association(scope, element)
        for owner in schema.each("EntityType"):
            name = scope.own(required(owner, "Name"))
            if "BaseType" in owner.attributes:
                found.bases[name] = scope.type_name(owner, owner.attributes["BaseType"])
            for element in owner.each("NavigationProperty"):
                way = way_of(scope, element, name)
                found.ways.setdefault((way.association, way.from_role, way.to_role), []).append(way)
    return found


def way_of(scope: Scope, element: Element, owner: str) -> Way:
    """<NavigationProperty Name Relationship FromRole ToRole> (2.1.4)"""
    name = required(element, "Name")
    association = scope.qualified(required(element, "Relationship"))
    return Way(owner, name, association, required(element, "FromRole"), required(element, "ToRole"))


def _association(scope: Scope, element: Element) -> Association:
    """<Association Name> End End ReferentialConstraint? (2.1.12)"""
    ends = [_end(scope, end) for end in element.each("End")]
    if len(ends) != 2 or ends[0].role == ends[1].role:
        raise Misread(element, "An association has two ends with different roles.")
    made = Association(element, (ends[0], ends[1]))
    constraint = next(element.each("ReferentialConstraint"), None)
    if constraint is None:
        return made
    sides = {}
    for tag in ("Principal", "Dependent"):
        side = next(constraint.each(tag), None)
        if side is None:
            raise Misread(constraint, f"The element '{tag}' is missing.")
        role = required(side, "Role")
        if made.end(role) is None:
            raise Misread(side, f"The association has no role '{role}'.")
        sides[role] = [required(ref, "Name") for ref in side.each("PropertyRef")]
    here, there = (sides.get(end.role, []) for end in ends)
    if len(sides) != 2 or len(here) != len(there):
        raise Misread(constraint, "Principal and Dependent are both ends, and name equally many properties.")
    principal = required(next(constraint.each("Principal")), "Role")
    return Association(element, made.ends, tuple(zip(here, there, strict=True)), principal)


def _end(scope: Scope, element: Element) -> End:
    """<End Type Role Multiplicity> OnDelete? (2.1.13): without a role, the name of the type is its role."""
    type_name = scope.type_name(element, required(element, "Type"))
    multiplicity = required(element, "Multiplicity")
    if multiplicity not in _MULTIPLICITIES:
        raise Misread(element, f"The multiplicity must be 0..1, 1 or *, not '{multiplicity}'.")
    deletion = next(element.each("OnDelete"), None)
    action = None if deletion is None else required(deletion, "Action")
    return End(element.attributes.get("Role") or type_name.rpartition(".")[2], type_name, multiplicity, action)
