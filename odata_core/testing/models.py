# Hypothesis strategies for whole models: everything that CSDL of a version can declare, in one model and at random.
# Strategy: a version is a row that says what it has; one drawing walks the parts of a model in the order in which they
# need each other (enumerations, definitions, complex types, entity types, navigation, sets, operations), and remembers
# what may be named. Models are valid by construction: nothing is drawn and thrown away.
# Rows of such models are the business of model_rows.

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..edm import PRIMITIVE_TYPES, Model, ModelBuilder, Property, PropertySpec, name_of, prop
from ..edm.primitives import GEO_TYPES
from .model_names import NAMESPACES, new_name
from .strategies import values_of

Item = TypeVar("Item")

_GEO: Final = tuple([kind.name for kind in GEO_TYPES])
_FLOATS: Final = ("Edm.Single", "Edm.Double")
_INTEGERS: Final = {"Byte": 8, "SByte": -8, "Int16": -16, "Int32": -32, "Int64": -64}  # bits, negative where signed


def _types(family: str) -> tuple[str, ...]:
    return tuple([name for name, kind in PRIMITIVE_TYPES.items() if family in kind.families])


@dataclass(frozen=True, slots=True, repr=False)
class Dialect:
    """What the models of a version may have. `types` are all primitive types, `keys` those that may be keys."""

    types: tuple[str, ...]
    keys: tuple[str, ...]
    has_enums: bool = True
    has_collections: bool = True  # of primitive, enumeration and complex values
    has_bound: bool = True  # operations that are bound, and unbound ones without a verb
    plain_names: bool = False  # no names that old editions of XML do not have
    is_v4: bool = False  # type definitions, containment, singletons, navigation from complex types, paths as keys


_V3: Final = _types("v3")
_V4: Final = _types("v4")
_V2: Final = tuple([name for name in _V3 if name not in _GEO and name != "Edm.Stream"])
_UNFIT: Final = (*_GEO, "Edm.Stream")  # for keys

DIALECTS: Final[Mapping[str, Dialect]] = {
    "2.0": Dialect(_V2, _V2, has_enums=False, has_collections=False, has_bound=False),
    "3.0": Dialect(_V3, tuple([name for name in _V3 if name not in _UNFIT])),
    # 4.01 CSDL, 6.5: neither bytes nor floating-point numbers tell entities apart.
    "4.01": Dialect(_V4, tuple([name for name in _V4 if name not in (*_UNFIT, *_FLOATS, "Edm.Binary")]), is_v4=True),
}
"""The versions whose models `any_models` draws."""


def any_models(
    dialect: str = "4.01", *, without: Container[str] = (), plain_names: bool = False
) -> SearchStrategy[Model]:
    """Valid models of a version (a name in DIALECTS), with anything that its metadata documents can say.

    `without` names primitive types that are not to occur, such as model_rows.NO_VALUES. `plain_names` are those that
    old editions of XML have, which some parsers know only.
    """
    row = DIALECTS[dialect]
    types, keys = [tuple([name for name in names if name not in without]) for names in (row.types, row.keys)]
    return _models(replace(row, types=types, keys=keys, plain_names=plain_names))


@st.composite
def _models(draw: DrawFn, dialect: Dialect) -> Model:
    return _Drawing(draw, dialect).model()


@dataclass(slots=True)
class _Structured:
    """A structured type that was declared."""

    name: str
    members: set[str]  # names, those of base types and derived types among them
    is_abstract: bool = False
    key: dict[str, PropertySpec] = field(default_factory=dict)  # single parts that are properties of the type itself
    has_key: bool = False
    family: int = 0  # types with one root have one number, counted from 0
    columns: dict[str, str] = field(default_factory=dict)  # single properties of primitive types without facets
    bases: tuple[str, ...] = ()


@dataclass(slots=True, repr=False)
class _Drawing:
    """One model in the making."""

    draw: DrawFn
    dialect: Dialect
    builder: ModelBuilder = field(init=False)
    taken: set[str] = field(default_factory=set)  # names of types, operations, and under the service root
    enums: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    complexes: list[_Structured] = field(default_factory=list)
    entities: list[_Structured] = field(default_factory=list)
    sets: dict[str, _Structured] = field(default_factory=dict)
    paths: dict[str, list[tuple[str, _Structured]]] = field(default_factory=dict)  # of a type's navigation that binds

    # ------------------------------------------------------------ drawing

    def maybe(self, among: int = 2) -> bool:
        """True once in so many times; false is what examples shrink to."""
        return self.draw(st.integers(0, among - 1)) == among - 1

    def count(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def one_of(self, items: Sequence[Item]) -> Item:
        return self.draw(st.sampled_from(items))

    def new_name(self, taken: Container[str]) -> str:
        return new_name(self.draw, taken, plain=self.dialect.plain_names)

    def top_name(self) -> str:
        """A name for a type, an operation or a child of the container: one namespace for all of them."""
        name = self.new_name(self.taken)
        self.taken.add(name)
        return name

    def member_name(self, kind: _Structured) -> str:
        """A name for a member of a type; version 3 does not allow the type's own."""
        name = self.new_name(kind.members)
        kind.members.add(name)
        return name

    # ------------------------------------------------------------ the parts of a model

    def model(self) -> Model:
        container = self.new_name(())
        self.builder = ModelBuilder(self.one_of(NAMESPACES), container=container, bind_unasked=self.maybe())
        self.taken.add(container)
        if self.dialect.has_enums:
            for _ in range(self.count(0, 2)):
                self.enum()
        if self.dialect.is_v4:
            for _ in range(self.count(0, 2)):
                self.definition()
        for family in range(self.count(0, 2)):
            self.complex_family(family)
        for family in range(self.count(1, 2)):
            self.entity_family(family)
        for kind in self.entities:
            for _ in range(self.count(0, 2)):
                self.navigation(kind, is_entity=True)
        if self.dialect.is_v4:
            for kind in self.complexes:
                if self.maybe(4):
                    self.navigation(kind, is_entity=False)
        self.container()
        for _ in range(self.count(0, 3)):
            self.operation()
        return self.builder.build()

    def enum(self) -> None:
        """Values anywhere in the underlying type; with flags, bits and combinations of them."""
        name, underlying, flags = self.top_name(), self.one_of(list(_INTEGERS)), self.maybe()
        bits = _INTEGERS[underlying]
        low, high = (0, 2**bits - 1) if bits > 0 else (-(2 ** (-bits - 1)), 2 ** (-bits - 1) - 1)
        single = st.integers(0, abs(bits) - 2).map(lambda bit: 2**bit)
        pairs = st.tuples(single, single).map(lambda pair: pair[0] | pair[1])
        values = single | pairs | st.just(0) if flags else st.integers(low, high) | st.sampled_from([low, high, 0, 1])
        members: dict[str, int] = {}
        for value in self.draw(st.lists(values, min_size=1, max_size=4, unique=True)):
            members[self.new_name(members)] = value
        self.builder.enum(name, members=members, underlying=underlying, flags=flags)
        self.enums.append(name)

    def definition(self) -> None:
        name = self.top_name()
        kind = self.one_of(self.dialect.types)
        self.builder.type_definition(name, prop(kind, **self.facets(kind)))
        self.definitions.append(name)

    def complex_family(self, family: int) -> None:
        """A complex type, perhaps open or abstract, with types derived from it, up to two deep."""
        root = self.structured(family, abstract=self.maybe(4))
        is_open = self.dialect.is_v4 and self.maybe(4)
        chain = [root, *[self.structured(family, base=root) for _ in range(self.count(int(root.is_abstract), 2))]]
        self.complexes += chain
        for base, kind in zip([None, *chain], chain, strict=False):
            self.builder.complex(
                kind.name,
                properties=self.properties(kind, 1 if base is None else 0),
                base=None if base is None else base.name,
                abstract=kind.is_abstract,
                open=is_open and base is None,
            )

    def structured(self, family: int, *, base: _Structured | None = None, abstract: bool = False) -> _Structured:
        """A type that is to be declared; all types of a family share the names of their members."""
        name = self.top_name()
        if base is None:
            return _Structured(name, {name}, abstract, family=family)
        base.members.add(name)
        return _Structured(name, base.members, family=family)

    def entity_family(self, family: int) -> None:
        """An entity type with types derived from it. An abstract one may leave the key to what derives from it."""
        root = self.structured(family, abstract=self.maybe(4))
        chain = [root, *[self.structured(family, base=root) for _ in range(self.count(int(root.is_abstract), 2))]]
        keyed = chain[1] if root.is_abstract and self.maybe() else root
        for base, kind in zip([None, *chain], chain, strict=False):
            key, own = self.key(kind) if kind is keyed else ({}, {})
            kind.has_key = kind is keyed or (base is not None and base.has_key)
            kind.key = {name: own[name] for name, path in key.items() if name == path}
            if not key and base is not None:
                kind.key = base.key
            properties = own | self.properties(kind, 0)
            kind.columns = {name: one.type for name, one in properties.items() if _is_column(one)}
            kind.bases = () if base is None else (base.name, *base.bases)
            self.builder.entity(
                kind.name,
                key=key if any(name != path for name, path in key.items()) else tuple(key),
                properties=properties,
                base=None if base is None else base.name,
                abstract=kind.is_abstract,
                open=self.dialect.has_bound and self.maybe(4),
                has_stream=self.maybe(6),
            )
        self.entities += chain

    def key(self, kind: _Structured) -> tuple[dict[str, str], dict[str, PropertySpec]]:
        """Paths by name, and the properties that they begin with: one part or more, perhaps within a complex value."""
        paths: dict[str, str] = {}
        own: dict[str, PropertySpec] = {}
        if self.dialect.is_v4 and self.maybe(8):
            holder, inner = self.top_name(), self.primitive(self.one_of(self.dialect.keys), nullable=False)
            name = self.new_name({holder})
            self.builder.complex(holder, properties={name: inner})
            whole = self.member_name(kind)
            own[whole] = prop(holder, nullable=False)
            paths[self.new_name(kind.members)] = f"{whole}/{name}"
            kind.members |= set(paths)
        for _ in range(self.count(0 if paths else 1, 2)):
            name = self.member_name(kind)
            own[name] = self.key_part()
            paths[name] = name
        return paths, own

    def key_part(self) -> PropertySpec:
        if self.enums and self.maybe(4):
            return prop(self.one_of(self.enums), nullable=False)
        return self.primitive(self.one_of(self.dialect.keys), nullable=False, generated=self.maybe(4))

    # ------------------------------------------------------------ properties

    def properties(self, kind: _Structured, least: int) -> dict[str, PropertySpec]:
        return {self.member_name(kind): self.property(kind) for _ in range(self.count(least, 4))}

    def property(self, owner: _Structured) -> PropertySpec:
        """Of any type. A complex value that must be there is of a family declared before, so that all values end."""
        choice = self.count(0, 9)
        if choice > 6 and self.complexes:
            kind = self.one_of(self.complexes)
            if self.dialect.has_collections and self.maybe(3):
                return prop(f"Collection({kind.name})", nullable=False)
            is_entity = owner not in self.complexes and owner.family >= 0 and owner.has_key
            ends = is_entity or kind.family < owner.family
            return prop(kind.name, nullable=not (ends and self.maybe()))
        if choice == 6 and self.enums:
            return self.listed(self.one_of(self.enums))
        if choice == 5 and self.definitions:
            return self.listed(self.one_of(self.definitions))
        return self.primitive(self.one_of(self.dialect.types))

    def listed(self, name: str, **facets: Any) -> PropertySpec:
        """A property of that type, or a collection of it."""
        if self.dialect.has_collections and self.maybe(4):
            return prop(f"Collection({name})", nullable=self.dialect.is_v4 and self.maybe(), **facets)
        return prop(name, nullable=self.maybe(), **facets)

    def primitive(self, name: str, *, nullable: bool | None = None, generated: bool = False) -> PropertySpec:
        """A primitive property with facets, perhaps with a default; a collection where `nullable` is not given."""
        facets = self.facets(name)
        if name == "Edm.Stream":
            return prop(name, nullable=nullable if nullable is not None else self.maybe())
        if nullable is None and self.maybe(4):
            return self.listed(name, **facets)
        told: dict[str, Any] = {"nullable": self.maybe() if nullable is None else nullable, "generated": generated}
        if nullable is None and name not in _GEO and self.maybe(6):
            bare = prop(name, **facets)
            kind = Property("P", PRIMITIVE_TYPES[name], nullable=False, facets=bare.facets)
            told["default"] = self.draw(_defaults(kind))
        if not self.dialect.is_v4 and nullable is None and self.maybe(6):
            told["concurrency_token"] = True
        return prop(name, **told, **facets)

    def facets(self, name: str) -> dict[str, Any]:
        """Facets that the type has, half of the time."""
        known = PRIMITIVE_TYPES[name].facets
        if not known or self.maybe():
            return {}
        found: dict[str, Any] = {}
        if "MaxLength" in known and name != "Edm.Stream":
            found["max_length"] = self.one_of([1, 3, 50, "max"])
        if "Unicode" in known and self.maybe(3):
            found["unicode"] = True
        if "SRID" in known:
            found["srid"] = self.one_of([0, 4326, "variable"] if self.dialect.is_v4 else [0, 4326])
        if "Scale" in known:
            found["precision"] = self.one_of([1, 5, 29])
            scales = [0, 1, found["precision"], *(["variable", "floating"] if self.dialect.is_v4 else [])]
            found["scale"] = self.one_of(scales)
        elif "Precision" in known:
            found["precision"] = self.one_of([0, 3, 7])
        return found

    # ------------------------------------------------------------ navigation

    def navigation(self, kind: _Structured, *, is_entity: bool) -> None:
        """One way, or two that are partners; to one or many, contained, or told by properties that are equal."""
        target, many = self.one_of(self.entities), self.maybe()
        name = self.member_name(kind)
        contains = self.dialect.is_v4 and target.has_key and self.maybe(4)
        details: dict[str, Any] = {"many": many, "contains": contains, "nullable": many or self.maybe()}
        if is_entity and self.maybe(4):
            details["on_delete"] = self.one_of(["Cascade", "None", *(["SetNull"] if self.dialect.is_v4 else [])])
        if is_entity and not contains and not many and self.maybe(3):
            details["on"] = _constraint(kind, target)
        if is_entity and not contains and self.maybe(3):
            back = self.member_name(target)
            details["partner"] = back
            self.builder.navigation(target.name, back, to=kind.name, many=self.maybe(), partner=name)
            self.paths.setdefault(target.name, []).append((back, kind))
        self.builder.navigation(kind.name, name, to=target.name, **details)
        if is_entity and not contains:
            self.paths.setdefault(kind.name, []).append((name, target))

    # ------------------------------------------------------------ container and operations

    def container(self) -> None:
        """Sets for types that have a key, singletons, and bindings between them."""
        for kind in self.entities:
            if kind.has_key and (not self.sets or self.maybe()):
                self.sets[self.top_name()] = kind
        for name, kind in self.sets.items():
            self.builder.entity_set(
                name, kind.name, bindings=self.bindings(kind), in_service_document=self.in_document()
            )
        if self.dialect.is_v4 and self.maybe():
            kind = self.one_of(self.entities)
            self.builder.singleton(self.top_name(), kind.name, nullable=self.maybe(), bindings=self.bindings(kind))

    def in_document(self) -> bool:
        return not (self.dialect.is_v4 and self.maybe(4))

    def bindings(self, kind: _Structured) -> dict[str, str]:
        """Where some of the navigation properties of a type lead to."""
        found: dict[str, str] = {}
        ways = [way for name in (kind.name, *kind.bases) for way in self.paths.get(name, ())]
        for name, target in ways if self.dialect.is_v4 else ():
            homes = [home for home, one in self.sets.items() if one is target or one.name in target.bases]
            if homes and self.maybe():
                found[name] = self.one_of(homes)
        return found

    def operation(self) -> None:
        """A function or an action: bound to entities, or unbound, with a name under the root."""
        name = self.top_name()
        is_bound = self.dialect.has_bound and self.maybe()
        is_function = not self.dialect.has_bound or self.maybe()
        parameters: dict[str, str | PropertySpec] = {}
        if is_bound:
            kind = self.one_of(self.entities).name
            parameters[self.new_name(())] = self.one_of([kind, f"Collection({kind})"])
        for _ in range(self.count(0, 2)):
            parameters[self.new_name(parameters)] = self.parameter()
        returns = self.parameter() if is_function or self.maybe() else None
        if is_function:
            assert returns is not None, "a function gives something"
            self.builder.function(name, parameters=parameters, returns=returns, bound=is_bound)
        else:
            self.builder.action(name, parameters=parameters, returns=returns, bound=is_bound)
        if not is_bound:
            verb = None if self.dialect.has_bound else self.one_of(["GET", "POST"])
            self.builder.operation_import(name, http_method=verb)

    def parameter(self) -> PropertySpec:
        """What an operation takes or gives: a primitive, an enumeration or a complex value, or some of them."""
        types = [*self.dialect.keys, *self.enums, *[one.name for one in self.complexes]]
        return prop(self.one_of(types), nullable=self.maybe())


def _is_column(spec: PropertySpec) -> bool:
    return not spec.facets and not spec.type.startswith("Collection(")


def _constraint(kind: _Structured, target: _Structured) -> dict[str, str]:
    """Properties that are equal to the key over there, where there are such of the same types."""
    found: dict[str, str] = {}
    for name, spec in target.key.items():
        here = [one for one, type_name in kind.columns.items() if type_name == spec.type and one not in found]
        if not here or spec.facets:
            return {}
        found[here[0]] = name
    return found


def _defaults(kind: Property) -> SearchStrategy[Any]:
    """Values that every document can hold: of numbers the finite ones, of text what XML takes."""
    name = name_of(kind.type)
    if name in _FLOATS:
        return st.integers(-8_000, 8_000).map(lambda number: number / 8)
    if name == "Edm.String":
        size = kind.facets.get("MaxLength")
        return st.text("ab \u00e4<&\"'", max_size=size if isinstance(size, int) and size < 5 else 5)
    facets = {**_UNSAID.get(name, {}), **kind.facets}
    return values_of(Property("P", kind.type, nullable=False, facets=facets))


# What is not said of decimals, and of the fractions of seconds (4.01 CSDL XML, 7.2.3 and 7.2.4).
_UNSAID: Final[Mapping[str, Mapping[str, Any]]] = {
    "Edm.Decimal": {"Scale": 0},
    **{f"Edm.{name}": {"Precision": 0} for name in ("DateTimeOffset", "DateTime", "Time", "TimeOfDay", "Duration")},
}
