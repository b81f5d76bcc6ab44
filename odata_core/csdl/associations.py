# Associations: how CSDL v3 says what v4 says on a navigation property. A pair of partners is one association, and so is
# a navigation property that stands alone; its two ends have roles and multiplicities, and perhaps a constraint.
# Names are made as WCF Data Services makes them, since a model does not keep any.
# This module knows nothing of XML.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..edm import EntitySet, EntityType, Model, NavigationProperty


@dataclass(frozen=True, slots=True)
class End:
    """One side: entities of `type`, and the navigation property that leaves from them, if there is one."""

    role: str
    type: EntityType
    multiplicity: str
    navigation: NavigationProperty | None


@dataclass(frozen=True, slots=True)
class Constraint:
    """A referential constraint: properties of the dependent end equal the key of the principal, in key order."""

    principal: End
    dependent: End
    dependent_properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Association:
    """Two ends; the first is that of the navigation property that the model names first."""

    namespace: str
    name: str
    ends: tuple[End, End]
    constraint: Constraint | None = None

    @property
    def qualified_name(self) -> str:
        return f"{self.namespace}.{self.name}"

    def ends_from(self, navigation: NavigationProperty) -> tuple[End, End]:
        """The end where the navigation property starts, and the one where it leads."""
        first, second = self.ends
        return (first, second) if first.navigation is navigation else (second, first)


def associations_of(model: Model) -> dict[NavigationProperty, Association]:
    """The association of every navigation property, in the order of the model."""
    owners = {
        navigation: kind
        for kind in model.types.values()
        if isinstance(kind, EntityType)
        for navigation in kind.own_navigation.values()
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
            if target is None:
                continue
            association = associations[navigation]
            forward = association.ends[0].navigation is navigation
            sets = (entity_set, target) if forward else (target, entity_set)
            identity = (association.qualified_name, sets[0].name, sets[1].name)
            if identity not in seen:
                seen.add(identity)
                yield f"{entity_set.name}_{navigation.name}_{target.name}", association, sets


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
    first = End(here, owner, _multiplicity(partner), navigation)
    second = End(there, navigation.target, _multiplicity(navigation), partner)
    pairs = navigation.on or tuple((theirs, mine) for mine, theirs in partner.on)
    return _constrained(Association(owner.namespace, f"{here}_{there}", (first, second)), pairs)


def _lonely(owner: EntityType, navigation: NavigationProperty) -> Association:
    """`Product_Category` between the roles `Product` and `Category`; at most one leads here if the whole key tells."""
    role = navigation.name if navigation.name != owner.name else f"{owner.name}1"
    by_key = navigation.on and {mine for mine, _theirs in navigation.on} == set(owner.key)
    first = End(owner.name, owner, "0..1" if by_key else "*", navigation)
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
    return Constraint(replace(principal, multiplicity=fitting), dependent, foreign)
