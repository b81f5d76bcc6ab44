# From declarations to a model: names become references, what is inherited is gathered, paths are followed.
# Strategy: types first, bases before what derives from them; then what refers to types; then the rules.
# Every problem is collected; what cannot be resolved is left out of the model that the rules see.

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import suggestion
from .bindings import Bindings
from .container import EntitySet, Operation, OperationImport, Parameter, ReturnType, Singleton
from .model import Model, Term
from .primitives import PRIMITIVE_TYPES
from .rules import broken_rules, is_identifier
from .specs import Declarations, NavigationSpec, OperationSpec, PropertySpec, SourceSpec, Unread, spec_of
from .types import (
    BUILT_IN_TYPES,
    NOT_GIVEN,
    AnyType,
    ComplexType,
    EntityType,
    ModelError,
    NavigationProperty,
    Property,
    StructuredType,
    TypeDefinition,
)

_COLLECTION = re.compile(r"Collection\((.*)\)")
MAX_SUGGESTIONS = 5  # each compares a name with all others
MAX_TOLD = 200  # problems in one message
MAX_BASES = 100  # every type lists what it inherits


def link(told: Declarations) -> Model:
    """The model, or ModelError listing every broken rule."""
    linker = _Linker(told)
    linker.link_types()
    sets, singletons = linker.sources()
    operations = linker.operations(sets)
    model = Model(
        told.namespace,
        told.container,
        dict(told.types),
        sets,
        singletons,
        operations,
        linker.imports(operations, sets),
        dict(told.type_definitions),
        linker.terms(),
        dict(told.aliases),
        annotations={target: tuple(said.values()) for target, said in told.kept.annotations.items()},
        foreign=dict(told.kept.foreign),
        references=told.kept.references,
        schemas=told.kept.schemas,
        containers=dict(told.kept.containers),
        extends=told.kept.extends,
        inherited=told.kept.inherited,
        associations=told.kept.associations,
    )
    for spec in told.sources:
        source = singletons.get(spec.name) if spec.is_singleton else sets.get(spec.name)
        if source is not None:
            Bindings(model, told, source, spec).bind()
    model.left_out = tuple(told.left_out)
    for culprit, sentence in broken_rules(model):
        told.report(sentence, told.kept.location if culprit is model else told.locations.get(culprit, ""))
    if told.problems:
        problems = list(dict.fromkeys(told.problems))
        more = [f"... and {len(problems) - MAX_TOLD} more."] if len(problems) > MAX_TOLD else []
        raise ModelError("The model is not valid:\n" + "\n".join(f"- {text}" for text in problems[:MAX_TOLD] + more))
    return model


class _Linker:
    def __init__(self, told: Declarations) -> None:
        self.told = told

    def find(self, name: str, where: str, location: str, *, needed: bool = True) -> Any:
        """The type that a name means, a type definition among them; None, and a problem, when there is none."""
        told = self.told
        full = told.qualified(name)
        kind: Any = told.types.get(full) or told.type_definitions.get(full)
        if kind is None:
            kind = BUILT_IN_TYPES.get(name) or BUILT_IN_TYPES.get(f"Edm.{name}")
        if kind is None:
            report = told.report if needed else told.leave_out
            report(f"{where}: there is no type '{name}'.{self._suggestion(name)}", location)
        return kind

    def _suggestion(self, name: str) -> str:
        """A known type that may be meant; the first few mistakes are worth the search."""
        told = self.told
        if len(told.problems) + len(told.left_out) > MAX_SUGGESTIONS:
            return ""
        known = [*told.types, *told.type_definitions, *PRIMITIVE_TYPES]
        if "." not in name:
            known = [qualified.rpartition(".")[2] for qualified in known]
        return suggestion(name, known)

    def link_types(self) -> None:
        """Bases, properties, navigation properties; all types sealed."""
        self._link_bases()
        for kind in self._bases_first():
            kind.own_properties = self._properties(kind)
            kind.seal()
        for spec in self.told.navigation:
            self._navigation(spec)
        for kind in self._bases_first():
            kind.seal()

    def _link_bases(self) -> None:
        for name, base_name in self.told.bases.items():
            kind = self.told.types[name]
            location = self.told.locations[kind]
            base = self.find(base_name, f"Type '{name}'", location)
            if isinstance(kind, EntityType | ComplexType) and isinstance(base, type(kind)):
                kind.base = base
            elif base is not None:
                self.told.report(f"Type '{name}' cannot derive from '{base_name}', which is of another kind.", location)

    def _bases_first(self) -> list[StructuredType]:
        """Structured types with every base before what derives from it; a cycle is a problem and is cut."""
        ordered: dict[StructuredType, int] = {}  # to the number of their bases
        for kind in self.told.types.values():
            chain: dict[StructuredType, None] = {}
            current = kind if isinstance(kind, StructuredType) else None
            while current is not None and current not in ordered:
                if current in chain:
                    location = self.told.locations.get(current, "")
                    self.told.report(f"Type '{current.qualified_name}' derives from itself.", location)
                    current.base = None
                    break
                chain[current] = None
                current = current.base
            for derived in reversed(chain):
                count = 0 if derived.base is None else ordered.get(derived.base, 0) + 1
                if count > MAX_BASES:
                    location = self.told.locations.get(derived, "")
                    self.told.report(f"Type '{derived.qualified_name}' has more than {MAX_BASES} bases.", location)
                    derived.base, count = None, 0
                ordered[derived] = count
        return list(ordered)

    def _properties(self, kind: StructuredType) -> dict[str, Property]:
        told = self.told.properties.get(kind.qualified_name, {})
        key = kind.own_key if isinstance(kind, EntityType) else ()
        resolved = {}
        for name, spec in ((name, spec_of(given)) for name, given in told.items()):
            where = f"Property '{kind.qualified_name}.{name}'"
            found = self._typed(spec, where, name in key)
            if found is None:
                continue
            if isinstance(found["type"], EntityType):
                self.told.report(f"{where}: '{spec.type}' is an entity type; use navigation.", spec.location)
                continue
            made = Property(
                name, **found, is_generated=spec.is_generated, is_concurrency_token=spec.is_concurrency_token
            )
            made.default = self._default(spec, made.type, where)
            resolved[name] = made
            self.told.locations[made] = spec.location
        return resolved

    def _typed(self, spec: PropertySpec, where: str, is_key: bool = False) -> dict[str, Any] | None:
        """What everything with a type has: type, definition, collection, nullable and facets; None without a type."""
        match = _COLLECTION.fullmatch(spec.type)
        kind = self.find(match[1] if match else spec.type, where, spec.location)
        if kind is None:
            return None
        definition = kind if isinstance(kind, TypeDefinition) else None
        nullable = spec.nullable
        if is_key and nullable and self.told.leaves_out:
            self.told.leave_out(f"{where} belongs to the key, so it cannot be nullable.", spec.location)
            nullable = False
        return {
            "type": definition.underlying if definition is not None else kind,
            "type_definition": definition,
            "is_collection": match is not None,
            "nullable": nullable if nullable is not None else not is_key and match is None,
            "facets": {**definition.facets, **spec.facets} if definition is not None else dict(spec.facets),
        }

    def _default(self, spec: PropertySpec, kind: AnyType, where: str) -> Any:
        if not isinstance(spec.default, Unread):
            return spec.default
        try:
            return spec.default.read(spec.default.text, kind)
        except ValueError as error:
            self.told.leave_out(f"The default of {where[0].lower()}{where[1:]} cannot be read: {error}.", spec.location)
            return NOT_GIVEN

    def _navigation(self, spec: NavigationSpec) -> None:
        where = f"Navigation '{spec.source}.{spec.name}'"
        source = self.find(spec.source, where, spec.location)
        target = self.find(spec.target, where, spec.location)
        if source is None or target is None:
            return
        if not isinstance(source, StructuredType) or not isinstance(target, EntityType):
            self.told.report(f"{where} must lead from an entity type to an entity type.", spec.location)
            return
        if spec.name in source.own_navigation:
            self.told.report(f"{where} is declared twice.", spec.location)
        made = NavigationProperty(
            spec.name,
            target,
            spec.is_collection,
            spec.nullable,
            spec.partner,
            spec.on,
            spec.contains_target,
            spec.on_delete,
        )
        source.own_navigation[spec.name] = made
        self.told.locations[made] = spec.location

    def sources(self) -> tuple[dict[str, EntitySet], dict[str, Singleton]]:
        """Entity sets and singletons, not yet bound."""
        sets: dict[str, EntitySet] = {}
        singletons: dict[str, Singleton] = {}
        tokens_of: dict[EntityType, tuple[str, ...] | None] = {}
        for spec in self.told.sources:
            where = f"{spec.kind.capitalize()} '{spec.name}'"
            kind = self.find(spec.type, where, spec.location, needed=False)
            if spec.name in sets or spec.name in singletons:
                self.told.report(f"The {spec.kind} '{spec.name}' is declared twice.", spec.location)
            if not isinstance(kind, EntityType):
                if kind is not None:
                    self.told.leave_out(f"{where}: '{spec.type}' is not an entity type.", spec.location)
                continue
            if self.told.leaves_out and not self._is_usable(spec, kind, where):
                continue
            tokens = spec.concurrency
            if tokens is None:
                if kind not in tokens_of:
                    tokens_of[kind] = (
                        tuple([p.name for p in kind.properties.values() if p.is_concurrency_token]) or None
                    )
                tokens = tokens_of[kind]
            made: EntitySet | Singleton
            if spec.is_singleton:
                made = singletons[spec.name] = Singleton(spec.name, kind, spec.nullable, concurrency_tokens=tokens)
            else:
                made = sets[spec.name] = EntitySet(
                    spec.name, kind, in_service_document=spec.in_service_document, concurrency_tokens=tokens
                )
            self.told.locations[made] = spec.location
        return sets, singletons

    def _is_usable(self, spec: SourceSpec, kind: EntityType, where: str) -> bool:
        """Whether a URL can name a set or singleton and what is in it; what is left out breaks no rule."""
        if not all(is_identifier(part) for part in spec.name.split(".")):
            self.told.leave_out(f"{where}: no URL can name it.", spec.location)
        elif not spec.is_singleton and not kind.key:
            self.told.leave_out(f"{where} has the type '{kind.qualified_name}', which has no key.", spec.location)
        else:
            return True
        return False

    def operations(self, sets: Mapping[str, EntitySet]) -> dict[str, tuple[Operation, ...]]:
        """All overloads by qualified name."""
        found: dict[str, list[Operation]] = {}
        for spec in self.told.operations:
            made = self._operation(spec, sets)
            self.told.locations[made] = spec.location
            found.setdefault(made.qualified_name, []).append(made)
        return {name: tuple(overloads) for name, overloads in found.items()}

    def _operation(self, spec: OperationSpec, sets: Mapping[str, EntitySet]) -> Operation:
        where = f"{'Function' if spec.is_function else 'Action'} '{spec.name}'"
        parameters = []
        for name, given in ((name, spec_of(given)) for name, given in spec.parameters.items()):
            typed = self._typed(given, f"{where}, parameter '{name}'")
            if typed is not None:
                default = self._default(given, typed["type"], f"Parameter '{name}'")
                parameters.append(Parameter(**typed, name=name, is_optional=given.is_optional, default=default))
        returns = None
        if spec.returns is not None:
            typed = self._typed(spec_of(spec.returns), f"{where}, return type")
            returns = ReturnType(**typed) if typed is not None else None
        entity_set = sets.get(spec.entity_set or "")
        if spec.entity_set is not None and entity_set is None:
            self._unknown_set(where, spec.entity_set, sets, spec.location)
        return Operation(
            *self.told.split(spec.name),
            spec.is_function,
            spec.is_bound,
            spec.is_composable,
            tuple(parameters),
            returns,
            spec.entity_set_path,
            entity_set,
            spec.is_always_bindable,
        )

    def imports(
        self, operations: Mapping[str, tuple[Operation, ...]], sets: Mapping[str, EntitySet]
    ) -> dict[str, OperationImport]:
        """What the service root can call."""
        found: dict[str, OperationImport] = {}
        for spec in self.told.imports:
            where = f"Operation import '{spec.name}'"
            overloads = operations.get(self.told.qualified(spec.operation), ())
            unbound = tuple([operation for operation in overloads if not operation.is_bound])
            if not unbound:
                reason = "every overload is bound" if overloads else "there is none"
                hint = "" if overloads else suggestion(spec.operation, operations)
                self.told.leave_out(f"{where} needs the operation '{spec.operation}': {reason}.{hint}", spec.location)
                continue
            if spec.name in found:
                self.told.report(f"{where} is declared twice.", spec.location)
            entity_set = sets.get(spec.entity_set or "")
            if spec.entity_set is not None and entity_set is None:
                self._unknown_set(where, spec.entity_set, sets, spec.location)
            made = OperationImport(spec.name, unbound, entity_set, spec.http_method, spec.in_service_document)
            self.told.locations[made] = spec.location
            found[spec.name] = made
        return found

    def _unknown_set(self, where: str, name: str, sets: Iterable[str], location: str) -> None:
        self.told.leave_out(f"{where}: there is no entity set '{name}'.{suggestion(name, sets)}", location)

    def terms(self) -> dict[str, Term]:
        """The terms by qualified name."""
        found: dict[str, Term] = {}
        for spec in self.told.terms:
            where = f"Term '{spec.name}'"
            typed = self._typed(spec.type, where)
            if typed is None:
                continue
            default = self._default(spec.type, typed["type"], where)
            made = Term(
                *self.told.split(spec.name), **typed, base=spec.base, default=default, applies_to=spec.applies_to
            )
            made.absent_type = spec.absent_type
            if made.qualified_name in found:
                self.told.report(f"{where} is declared twice.", spec.location)
            self.told.locations[made] = spec.location
            found[made.qualified_name] = made
        return found
