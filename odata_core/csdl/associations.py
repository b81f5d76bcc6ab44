# Associations: how CSDL v3 says what v4 says on a navigation property. A pair of partners is one association, and so is
# a navigation property that stands alone; its two ends have roles and multiplicities, and perhaps a constraint.
# Names are those of the document that a model comes from, else made as WCF Data Services makes them.
# This module knows nothing of XML.

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace

from ..edm import ENTITY_TYPE, EntitySet, EntityType, Model, NavigationProperty
from ..edm.associations import NamedAssociation
from ..records import record


@record
class End:
    """One side: entities of `type`, and the navigation property that leaves from them, if there is one."""

    role: str
    type: EntityType
    multiplicity: str
    navigation: NavigationProperty | None
    on_delete: str | None = None
    absent_type: str = ""  # the name of a type that the model has not, which a document may name all the same

    @property
    def type_name(self) -> str:
        return self.absent_type or self.type.qualified_name


@record
class Constraint:
    """A referential constraint: properties of the dependent end equal those of the principal, usually in key order."""

    principal: End
    dependent: End
    principal_properties: tuple[str, ...]
    dependent_properties: tuple[str, ...]


@record
class Association:
    """Two ends; the first is that of the navigation property that the model names first."""

    namespace: str
    name: str
    ends: tuple[End, End]
    constraint: Constraint | None = None
    backward: frozenset[NavigationProperty] = frozenset()  # ways that start at the second end, of a named association

    @property
    def qualified_name(self) -> str:
        return f"{self.namespace}.{self.name}"

    def ends_from(self, navigation: NavigationProperty) -> tuple[End, End]:
        """The end where the navigation property starts, and the one where it leads."""
        first, second = self.ends
        if navigation in self.backward or second.navigation is navigation:
            return second, first
        return first, second


@record
class BoundAssociation:
    """The entity sets of the two ends of an association, by a name in a container."""

    container: str
    name: str
    association: Association
    sets: tuple[str, str]


@record
class Associations:
    """All associations of a model, those of its navigation properties, and where their ends live."""

    all: tuple[Association, ...]
    of: Mapping[NavigationProperty, Association]
    sets: Mapping[str, list[BoundAssociation]]  # by container
    lost: tuple[str, ...]  # what version 3 cannot say, in sentences


def associations_of(model: Model) -> Associations:
    """The associations of a model: those with names, then one for every other navigation property or pair of them."""
    ways: dict[NavigationProperty, Association] = {}
    named: list[Association] = []
    sets: list[BoundAssociation] = []
    for told in model.associations:
        made = _named(model, told, ways)
        named.append(made)
        sets += [BoundAssociation(one.container, one.name, made, one.sets) for one in told.sets]
    others = {way: one for way, one in made_associations(model, ways).items() if way not in ways}
    lost = []
    found = list(association_sets(model, others))
    taken: dict[tuple[str, int, str], str] = {}
    # Where both ends agree they are tied before ends of which one is bound.
    ordered = sorted(found, key=lambda one: not _agree(one[1], one[2]))
    tied = {name for name, association, bound in ordered if _can_be_tied(association, bound, taken)}
    for name, association, bound in found:
        if name not in tied:
            lost.append(f"Version 3 ties both ends of '{association.name}' at once, so '{name}' is not bound.")
            continue
        prefix, _, first = bound[0].name.rpartition(".")
        container = model.containers.get(prefix, prefix) if prefix else model.default_container
        if bound[1].name.rpartition(".")[0] == prefix:
            ends = (bound[0].name, bound[1].name)
            sets.append(BoundAssociation(container, name.replace(".", "_"), association, ends))
        else:
            lost.append(f"Version 3 cannot bind '{first}' of '{container}' to '{bound[1].name}' of another container.")
    by_container: dict[str, list[BoundAssociation]] = {}
    for bound_one in sets:
        by_container.setdefault(bound_one.container, []).append(bound_one)
    return Associations(tuple(dict.fromkeys([*named, *others.values()])), ways | others, by_container, tuple(lost))


def _named(model: Model, told: NamedAssociation, found: dict[NavigationProperty, Association]) -> Association:
    """An association as its document has it; its ways go into `found`."""
    ways = [[way for path in paths if (way := _way(model, path)) is not None] for paths in told.ways]
    ends = []
    for end, starting in zip(told.ends, ways, strict=True):
        kind = model.types.get(end.type)
        start = starting[0] if starting else None
        known = isinstance(kind, EntityType)
        entity = kind if isinstance(kind, EntityType) else ENTITY_TYPE
        ends.append(End(end.role, entity, end.multiplicity, start, end.on_delete, "" if known else end.type))
    namespace, _, name = told.name.rpartition(".")
    made = Association(namespace, name, (ends[0], ends[1]), backward=frozenset(ways[1]))
    if told.equal:
        sides = [tuple([pair[0] for pair in told.equal]), tuple([pair[1] for pair in told.equal])]
        one, other = told.principal, 1 - told.principal
        made = replace(made, constraint=Constraint(ends[one], ends[other], sides[one], sides[other]))
    found.update(dict.fromkeys([way for starting in ways for way in starting], made))
    return made


def _way(model: Model, path: str) -> NavigationProperty | None:
    owner, _, name = path.rpartition("/")
    kind = model.types.get(owner)
    return kind.own_navigation.get(name) if isinstance(kind, EntityType) else None


def made_associations(model: Model, named: Container[NavigationProperty] = ()) -> dict[NavigationProperty, Association]:
    """The association of every navigation property that has none by name, in the order of the model."""
    owners = {
        navigation: kind
        for kind in model.types.values()
        if isinstance(kind, EntityType)
        for navigation in kind.own_navigation.values()
        if navigation not in named
    }
    partners = _partners(owners)
    found: dict[NavigationProperty, Association] = {}
    for navigation, owner in owners.items():
        partner = partners.get(navigation)
        if partner is None:
            found[navigation] = _lonely(owner, navigation)
        elif navigation not in found:
            found[navigation] = found[partner] = _paired(owner, navigation, partner)
    return found


def association_sets(
    model: Model, associations: Mapping[NavigationProperty, Association]
) -> Iterator[tuple[str, Association, tuple[EntitySet, EntitySet]]]:
    """Name, association and the entity sets of its two ends, one for each pair of sets that is bound."""
    seen = set()
    for entity_set in model.entity_sets.values():
        for navigation in entity_set.type.navigation.values():
            target = entity_set.bindings.get(navigation.name)
            if target is None or navigation not in associations:
                continue
            association = associations[navigation]
            forward = association.ends[0].navigation is navigation
            sets = (entity_set, target) if forward else (target, entity_set)
            identity = (association.qualified_name, sets[0].name, sets[1].name)
            if identity not in seen:
                seen.add(identity)
                yield f"{entity_set.name}_{navigation.name}_{target.name}", association, sets


def _agree(association: Association, bound: tuple[EntitySet, EntitySet]) -> bool:
    """Whether the navigation properties of both ends are bound to the set of the other one."""
    return all(
        end.navigation is None or bound[index].bindings.get(end.navigation.name) is bound[1 - index]
        for index, end in enumerate(association.ends)
    )


def _can_be_tied(
    association: Association, bound: tuple[EntitySet, EntitySet], taken: dict[tuple[str, int, str], str]
) -> bool:
    """Whether no navigation property of the two ends is bound to another set already; noted in `taken`."""
    names = [one.name for one in bound]
    ties = {
        (association.qualified_name, index, names[index]): names[1 - index]
        for index, end in enumerate(association.ends)
        if end.navigation is not None
    }
    if any(taken.get(tie, other) != other for tie, other in ties.items()):
        return False
    taken |= ties
    return True


def _partners(owners: Mapping[NavigationProperty, EntityType]) -> dict[NavigationProperty, NavigationProperty]:
    """Who shares an association with whom, whichever of the two names the other; nobody has two partners.

    An end has one type, so partners that lead to a base type or are inherited from one cannot share.
    """
    pairs: dict[NavigationProperty, NavigationProperty] = {}
    for navigation, owner in owners.items():
        partner = navigation.target.own_navigation.get(navigation.partner or "")
        if partner is None or partner is navigation or partner.target is not owner:
            continue
        if navigation not in pairs and partner not in pairs:
            pairs |= {navigation: partner, partner: navigation}
    return pairs


def _paired(owner: EntityType, navigation: NavigationProperty, partner: NavigationProperty) -> Association:
    """`Product_Category_Category_Products` between the roles `Product_Category` and `Category_Products`."""
    here, there = f"{owner.name}_{navigation.name}", f"{navigation.target.name}_{partner.name}"
    first = End(here, owner, _multiplicity(partner), navigation, navigation.on_delete)
    second = End(there, navigation.target, _multiplicity(navigation), partner, partner.on_delete)
    pairs = navigation.on or tuple((theirs, mine) for mine, theirs in partner.on)
    return _constrained(Association(owner.namespace, f"{here}_{there}", (first, second)), pairs)


def _lonely(owner: EntityType, navigation: NavigationProperty) -> Association:
    """`Product_Category` between the roles `Product` and `Category`; at most one leads here if the whole key tells."""
    role = navigation.name if navigation.name != owner.name else f"{owner.name}1"
    by_key = navigation.on and {mine for mine, _theirs in navigation.on} == set(owner.key)
    first = End(owner.name, owner, "0..1" if by_key else "*", navigation, navigation.on_delete)
    second = End(role, navigation.target, _multiplicity(navigation), None)
    name = f"{owner.name}_{navigation.name}"
    return _constrained(Association(owner.namespace, name, (first, second)), navigation.on)


def _multiplicity(navigation: NavigationProperty) -> str:
    """How many entities a navigation property leads to."""
    if navigation.is_collection:
        return "*"
    return "0..1" if navigation.nullable else "1"


def _constrained(association: Association, pairs: tuple[tuple[str, str], ...]) -> Association:
    """The association with the constraint that equal properties of its ends amount to, if v3 can say it."""
    first, second = association.ends
    constraint = _constraint(second, first, {theirs: mine for mine, theirs in pairs})
    if constraint is not None:
        return replace(association, ends=(first, constraint.principal), constraint=constraint)
    constraint = _constraint(first, second, dict(pairs))
    if constraint is not None:
        return replace(association, ends=(constraint.principal, second), constraint=constraint)
    return association


def _constraint(principal: End, dependent: End, key_to_foreign: Mapping[str, str]) -> Constraint | None:
    """A constraint by the rules of v3 ([MC-CSDL], ReferentialConstraint), the principal's multiplicity made to fit.

    None where the rules do not hold: the principal's properties are its whole key and at most one principal
    belongs to a dependent; the dependent is `*` unless its properties are its whole key. The principal is `1` where no
    dependent property may be null, and `0..1` where all may.
    """
    if set(key_to_foreign) != set(principal.type.key) or principal.multiplicity == "*":
        return None
    foreign = tuple(key_to_foreign[name] for name in principal.type.key)
    if (set(foreign) == set(dependent.type.key)) != (dependent.multiplicity != "*"):
        return None
    nullable = [dependent.type.properties[name].nullable for name in foreign]
    fitting = "0..1" if all(nullable) else principal.multiplicity if any(nullable) else "1"
    return Constraint(replace(principal, multiplicity=fitting), dependent, principal.type.key, foreign)
