# Writing entities: creating with what is related to them, changing, removing; and the links between them.
# Strategy: what a client sends is taken apart into the entity's own values, references to entities that exist, and new
# entities within it. Whatever holds the foreign key is written last; a set of writes is one session, so all of it is
# done or nothing is (4.01 Part 1, 11.4.2.1 and 11.4.2.2).

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..backend import Reads, Row, Writes
from ..backend.rows import changed_row, completed_rows, generated, new_row, numbers_after, type_of
from ..edm import EntityType, Model, NavigationProperty
from ..edm.annotations import value_of
from ..edm.rows import BIND, TYPE
from ..errors import BadRequest, Conflict, MethodNotAllowed, NotFound, NotImplementedHere
from ..query.relations import constraint_of
from ..query.scope import bound_source
from ..query.tree import Follow, Source
from .complexes import with_keys
from .finding import Finder, Many, One, key_of
from .parts import Parts, apart, referring
from .trails import GONE, rebuilt, value_at

Resolve = Callable[[str], One]
"""The entity that a URL names; BadRequest where it names none."""


class Writer:
    """Writes in one session."""

    def __init__(self, session: Reads, finder: Finder, model: Model, resolve: Resolve) -> None:
        self.session = session
        self.finder = finder
        self.model = model
        self.resolve = resolve

    # ------------------------------------------------------------ entities

    def insert(self, place: Many, given: Mapping[str, Any]) -> One:
        """A new entity in a collection: a set, or what a navigation property leads to."""
        if place.is_empty:
            raise BadRequest("Nothing can be added here: the entity in the path has no value to relate others by.")
        navigation, owner = place.navigation, place.owner
        if navigation is None or owner is None:
            return self._store(place, dict(given))
        if navigation.contains_target:
            return self._contain(place, dict(given))
        pairs = constraint_of(navigation)
        # The referential constraint decides, not the body.
        ties = {there: owner.value[here] for here, there in pairs}
        one = self._store(place, {**given, **ties})
        if not pairs:
            self._link_keys(owner, navigation, [one.key])
        return one

    def _store(self, place: Many, given: dict[str, Any]) -> One:
        source = place.source
        if source is None:
            raise MethodNotAllowed("Nothing can be added here: what the path names is no entity set.", allow=("GET",))
        kind = self._kind(given, place.type)
        if kind is not source.type:
            given = {**given, TYPE: kind.qualified_name}
        parts = referring(self._apart(kind, given, is_update=False))
        self._before(parts, kind, source)
        row = self._writes(source).insert(source, parts.values)
        one = One(row, kind, source, key_of(source.type, row), row, (), place.owner, place.navigation)
        self._after(one, parts)
        return self.again(one) if parts.binds or parts.nested else one

    def again(self, one: One) -> One:
        """The entity as it is stored now."""
        row = None if one.source is None else self.session.get(one.source, one.key)
        if one.source is None or row is None:
            return one
        return replace(one, value=value_at(row, one.source.type, one.trail), root=row)

    def _apart(self, kind: EntityType, given: Mapping[str, Any], *, is_update: bool) -> Parts:
        values = with_keys(self.settable(kind, given, is_update=is_update), kind, self.model, self.bound)
        return apart(kind, values)

    def settable(self, kind: EntityType, given: Mapping[str, Any], *, is_update: bool) -> Mapping[str, Any]:
        """What a client may say: not what the server computes, and in an update not what never changes."""
        fixed = fixed_names(self.model, kind, is_update=is_update)
        if not is_update:
            fixed |= {name for name in _made_keys(kind) if _is_stand_in(given.get(name))}
        return {name: value for name, value in given.items() if name not in fixed} if fixed else given

    def _kind(self, given: Mapping[str, Any], declared: Any) -> EntityType:
        named = self.model.types.get(str(given.get(TYPE, ""))) if TYPE in given else declared
        if not isinstance(named, EntityType) or not named.is_a(declared):
            raise BadRequest(f"'{given[TYPE]}' is not '{declared.qualified_name}' or a type derived from it.")
        if named.is_abstract:
            raise BadRequest(f"'{named.qualified_name}' is abstract: say of which derived type the entity is.")
        return named

    def _contain(self, place: Many, given: dict[str, Any]) -> One:
        """A new entity within another one."""
        owner, navigation = place.owner, place.navigation
        assert owner is not None, "what is contained has an owner"
        assert navigation is not None, "what is contained is behind a navigation property"
        kind = self._kind(given, place.type)
        parts = referring(self._apart(kind, given, is_update=False))
        if parts.binds or parts.nested:
            self._before(parts, kind, None)
        values = parts.values if kind is navigation.target else {**parts.values, TYPE: kind.qualified_name}
        numbers = numbers_after(owner.value.get(navigation.name) or ())
        row = new_row(navigation.target, generated(kind, values, numbers))
        key = key_of(kind, row)

        def add(value: Any) -> Any:
            if any(key_of(kind, one) == key for one in value.get(navigation.name) or ()):
                raise Conflict(f"There is already an entity with this key in '{navigation.name}'.")
            return {**value, navigation.name: [*(value.get(navigation.name) or ()), row]}

        self.change_owner(owner, navigation.name, add)
        trail = (*owner.trail, navigation.name, key)
        return One(row, kind, owner.source, owner.key, owner.root, trail, owner, navigation)

    def change_member(self, owner: One, name: str, value: Any) -> None:
        """Another value of something that a stored entity holds, such as what it contains."""
        self.change_owner(owner, name, lambda old: {**old, name: value})

    def change_owner(self, owner: One, name: str, change: Callable[[Any], Any]) -> None:
        """The same, with what makes the changed entity of the one that there is."""
        assert owner.source is not None, "only what is stored can be changed"
        values = rebuilt(owner, change) if owner.trail else {name: change(owner.value)[name]}
        self._update(owner, values)

    def _update(self, place: One, values: Mapping[str, Any], *, replace: bool = False) -> Row:
        source = place.source
        assert source is not None, "only what is stored can be changed"
        return self._writes(source).update(source, place.key, values, replace=replace)

    def change(self, place: One, given: Mapping[str, Any], *, replaces: bool) -> One:
        """A changed entity: what is given, and with `replaces` everything else reset."""
        kind = place.entity_type
        parts = self._apart(kind, given, is_update=True)
        for navigation in [*parts.nested, *parts.changes]:
            name = navigation.name
            raise BadRequest(f"An update cannot hold the entities behind '{name}': change them by themselves.")
        self._before(parts, kind, place.source, place.value)
        if not place.trail:
            row = self._update(place, parts.values, replace=replaces)
            one = One(row, kind, place.source, place.key, row, (), place.owner, place.navigation)
            self._after(one, parts)
            return self.again(one) if parts.binds else one
        new: list[Row] = []

        def changed(current: Row) -> Row:
            new.append(changed_row(kind, current, parts.values, replace=replaces))
            return new[0]

        self._update(place, rebuilt(place, changed))
        return One(new[0], kind, place.source, place.key, place.root, place.trail, place.owner, place.navigation)

    def remove(self, place: One) -> None:
        """An entity less."""
        source = place.source
        assert source is not None, "only what is stored can be removed"
        if place.trail:
            self._update(place, rebuilt(place, lambda value: GONE))
        else:
            self._writes(source).delete(source, place.key)

    def set_value(self, place: One, value: Any, *, is_whole: bool = False) -> None:
        """Another value of a property, however deep it lies; one that is whole is not merged into the current one."""
        values = rebuilt(place, lambda old: value)
        if is_whole and place.root is not None and place.source is not None:
            values = {**_own_values(place.root, place.source.type), **values}
        self._update(place, values, replace=is_whole)

    # ------------------------------------------------------------ what is related

    def _before(self, parts: Parts, kind: EntityType, source: Source | None, current: Row | None = None) -> None:
        """What the entity itself must hold: foreign keys, keys of links. What is new and referred to comes first.

        In an update, a reference goes before a foreign key that says something else, and is one more where there may be
        many (11.4.3 and 11.4.3.1).
        """
        self._check_related(parts)
        for navigation in dict.fromkeys([*parts.binds, *parts.nested]):
            pairs = constraint_of(navigation)
            if pairs and not holds_key(navigation):
                continue
            if navigation in parts.nested and navigation.contains_target:
                inner = completed_rows(
                    navigation, [self._new_values(navigation, row) for row in parts.nested[navigation]], ()
                )
                parts.values[navigation.name] = inner if navigation.is_collection else inner[0] if inner else None
                continue
            found = self._targets(navigation, source, parts)
            if pairs:
                if current is not None:
                    parts.values = {name: value for name, value in parts.values.items() if name not in dict(pairs)}
                self._tie(parts.values, pairs, found[0].value if found else None, navigation.name)
            else:
                keys = [one.key for one in found]
                if current is not None and navigation.is_collection:
                    keys = list(dict.fromkeys([*(current.get(navigation.name + BIND) or ()), *keys]))
                parts.values[navigation.name + BIND] = keys if navigation.is_collection else keys[0] if keys else None

    def _new_values(self, navigation: NavigationProperty, row: Row) -> Row:
        return self.settable(type_of(navigation.target, row), row, is_update=False)

    def _check_related(self, parts: Parts) -> None:
        if getattr(self.session, "writes_related", True):
            return
        for navigation in parts.nested:
            raise NotImplementedHere(f"Writing related entities within '{navigation.name}' is not supported.")
        for navigation in parts.binds:
            raise NotImplementedHere(f"Binding '{navigation.name}' to an existing entity is not supported.")

    def _targets(self, navigation: NavigationProperty, source: Source | None, parts: Parts) -> list[One]:
        """The entities that are referred to, those that are new among them."""
        found = [self.bound(navigation, url) for url in parts.binds.get(navigation, ())]
        rows = parts.nested.get(navigation, ())
        if rows:
            found += [self._store(self._home(navigation, source), dict(row)) for row in rows]
        return found

    def _home(self, navigation: NavigationProperty, source: Source | None) -> Many:
        target = bound_source(source, (), navigation)
        if target is None:
            raise NotImplementedHere(f"The entities behind '{navigation.name}' live in no entity set of this service.")
        return Many(navigation.target, target)

    def bound(self, navigation: NavigationProperty, url: str) -> One:
        """The entity that a URL names, where the navigation property can lead to it."""
        one = self.resolve(url)
        if not isinstance(one.type, EntityType) or not one.type.is_a(navigation.target):
            raise BadRequest(
                f"'{url[:100]}' is no entity that '{navigation.name}' can lead to.", target=navigation.name
            )
        return one

    def _tie(self, values: dict[str, Any], pairs: Sequence[tuple[str, str]], target: Row | None, name: str) -> None:
        """Foreign keys from the entity that is referred to; a body that says something else contradicts itself."""
        for here, there in pairs:
            value = None if target is None else target[there]
            if values.get(here, value) != value and values.get(here) is not None:
                raise BadRequest(f"'{here}' and the reference of '{name}' say different things.", target=f"$.{here}")
            values[here] = value

    def _after(self, one: One, parts: Parts) -> None:
        """Related entities that hold the foreign key: told of the entity now that its key is known."""
        for navigation in dict.fromkeys([*parts.binds, *parts.nested]):
            pairs = constraint_of(navigation)
            if not pairs or holds_key(navigation):
                continue
            ties = {there: one.value[here] for here, there in pairs}
            for url in parts.binds.get(navigation, ()):
                self._update(self.bound(navigation, url), ties)
            for row in parts.nested.get(navigation, ()):
                self._store(self._home(navigation, one.source), {**row, **ties})

    # ------------------------------------------------------------ links

    def link(self, owner: One, navigation: NavigationProperty, target: One) -> None:
        """Relate two entities that exist."""
        pairs = constraint_of(navigation)
        if not pairs:
            self._link_keys(owner, navigation, [target.key])
        elif holds_key(navigation):
            self._update(owner, {here: target.value[there] for here, there in pairs})
        else:
            self._update(target, {there: owner.value[here] for here, there in pairs})

    def unlink(self, owner: One, navigation: NavigationProperty, target: One | None) -> None:
        """Relate them no more; `target` None is whatever a single-valued navigation property leads to."""
        pairs = constraint_of(navigation)
        if not pairs:
            self._unlink_keys(owner, navigation, target)
            return
        changed, names = (owner, [here for here, _ in pairs]), [there for _, there in pairs]
        if holds_key(navigation):
            self._update(changed[0], dict.fromkeys(changed[1]))
            return
        if target is None:
            found = self.finder.related(owner, Follow(navigation, bound_source(owner.source, (), navigation)))
            target = found if isinstance(found, One) else None
        if target is None:
            raise NotFound(f"Nothing is related by '{navigation.name}'.")
        self._update(target, dict.fromkeys(names))

    def _link_keys(self, owner: One, navigation: NavigationProperty, keys: list[tuple[Any, ...]]) -> None:
        name = navigation.name + BIND
        if not getattr(self.session, "keeps_links", False):
            raise NotImplementedHere(f"Links of '{navigation.name}' cannot be kept here.")
        if not navigation.is_collection:
            self._set_links(owner, name, keys[0])
            return
        owner = self.again(owner)
        current = list(owner.value.get(name) or ())
        self._set_links(owner, name, [*current, *[key for key in keys if key not in current]])

    def _unlink_keys(self, owner: One, navigation: NavigationProperty, target: One | None) -> None:
        name = navigation.name + BIND
        current = owner.value.get(name)
        if not navigation.is_collection:
            self._set_links(owner, name, None)
            return
        if target is None or target.key not in (current or ()):
            raise NotFound(f"The entity is not related by '{navigation.name}'.")
        self._set_links(owner, name, [key for key in current if key != target.key])

    def _set_links(self, owner: One, name: str, keys: Any) -> None:
        """Links of an entity, or of a complex value within one."""
        values = rebuilt(owner, lambda old: {**old, name: keys}) if owner.trail else {name: keys}
        self._update(owner, values)

    def _writes(self, source: Source) -> Writes:
        if not isinstance(self.session, Writes):
            raise MethodNotAllowed(f"'{source.name}' can only be read.", allow=("GET", "HEAD"))
        return self.session


@lru_cache(maxsize=1024)
def fixed_names(model: Model, kind: EntityType, *, is_update: bool) -> frozenset[str]:
    """Properties that a client cannot set: computed ones (Core.Computed; in version 3 StoreGeneratedPattern), and where
    an entity is updated, immutable ones (Core.Immutable). A key that the server makes may be given all the same."""
    names = [name for name, prop in kind.properties.items() if prop.is_generated and name not in kind.key]
    for name, prop in kind.properties.items() if is_update else ():
        immutable = model.annotation(prop, "Org.OData.Core.V1.Immutable")
        if immutable is not None and value_of(immutable) is not False:
            names.append(name)
    return frozenset(names)


@lru_cache(maxsize=1024)
def _made_keys(kind: EntityType) -> frozenset[str]:
    """The parts of a key that the server makes."""
    return frozenset([name for name in kind.key if name in kind.properties and kind.properties[name].is_generated])


def _is_stand_in(value: Any) -> bool:
    """Clients number new entities downwards until they know the real keys (Breeze); servers count upwards."""
    return isinstance(value, int) and value < 0


def holds_key(navigation: NavigationProperty) -> bool:
    """Whether the entity that has the navigation property holds the foreign key, rather than what it leads to."""
    if navigation.is_collection:
        return False
    if navigation.on:
        return {there for _, there in navigation.on} == set(navigation.target.key)
    return not constraint_of(navigation)


def _own_values(row: Row, kind: EntityType) -> dict[str, Any]:
    """The properties of an entity, dynamic ones with their types, without what it is related to and its streams."""
    related = {name for one in (kind, *kind.derived.values()) for name in one.navigation}
    return {
        name: value for name, value in row.items() if name not in related and ("@" not in name or name.endswith(TYPE))
    }
