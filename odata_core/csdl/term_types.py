# What JSON leaves unsaid about annotations: text is a date, a member or a path where the type of the term says so
# (CSDL JSON 4.01, 14.3, 14.4.1). Needs the model, so it is done last; where a term is not at hand, text stays text.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, assert_never

from ..edm import Annotation, ComplexType, EnumType, Expression, Model, PrimitiveType, TypeDefinition
from ..edm.annotations import (
    PATHS,
    Apply,
    Calculation,
    Cast,
    Collection,
    Constant,
    EnumValue,
    If,
    IsOf,
    LabeledElement,
    LabeledElementReference,
    Null,
    Path,
    PropertyValue,
    Record,
    UrlRef,
)
from ..records import record
from .expressions import read_constant
from .names import COLLECTION, Names

# The kind of constant that a value of a type is, for text and for numbers.
_TEXTS: Final[Mapping[str, str]] = {
    f"Edm.{name}": name for name in ("Binary", "Date", "DateTimeOffset", "Decimal", "Duration", "Guid", "TimeOfDay")
} | dict.fromkeys(("Edm.Double", "Edm.Single"), "Float")
_NUMBERS: Final[Mapping[str, str]] = {"Edm.Decimal": "Decimal", "Edm.Double": "Float", "Edm.Single": "Float"}
_PATHS: Final[Mapping[str, str]] = {f"Edm.{kind}": kind for kind in PATHS[1:]}


def type_annotations(model: Model) -> None:
    """Make the values of all annotations what the types of their terms say."""
    typing = _Typing(model, Names(model.aliases))
    model.annotations = {target: typing.all(said) for target, said in model.annotations.items()}
    model.references = tuple(
        [
            replace(
                reference,
                annotations=typing.all(reference.annotations),
                includes=tuple([replace(one, annotations=typing.all(one.annotations)) for one in reference.includes]),
            )
            for reference in model.references
        ]
    )


@record
class _Typing:
    model: Model
    names: Names

    def all(self, annotations: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
        return tuple([self._annotation(one) for one in annotations])

    def _annotation(self, annotation: Annotation) -> Annotation:
        term = self.model.terms.get(annotation.term)
        value = self._value(annotation.value, term.type_name if term is not None else "")
        return replace(annotation, value=value, annotations=self.all(annotation.annotations))

    def _value(self, value: Expression, kind: str) -> Expression:
        """An expression that has a type; without one, only what is in it is looked at."""
        match value:
            case Constant():
                return self._constant(value, kind)
            case EnumValue() | Path() | LabeledElementReference():
                return value
            case Null():
                return Null(self.all(value.annotations))
            case Collection():
                match = COLLECTION.fullmatch(kind)
                return Collection(tuple([self._value(item, match[1] if match else "") for item in value.items]))
            case Record():
                return self._record(value, kind)
            case Cast():
                inner = self._value(value.value, value.type)
                if isinstance(inner, EnumValue) and not value.facets and not value.annotations:
                    return inner  # which is how JSON writes members (14.3.5)
                # What is cast has a type of its own, which may be another one.
                return replace(value, value=self._value(value.value, ""), annotations=self.all(value.annotations))
            case IsOf():
                return replace(value, value=self._value(value.value, ""), annotations=self.all(value.annotations))
            case If():
                return self._if(value, kind)
            case LabeledElement():
                return replace(value, value=self._value(value.value, kind), annotations=self.all(value.annotations))
            case UrlRef():
                return UrlRef(self._value(value.url, "Edm.String"), self.all(value.annotations))
            case Apply():
                arguments = tuple([self._value(one, "") for one in value.arguments])
                return Apply(value.function, arguments, self.all(value.annotations))
            case Calculation():
                operands = tuple([self._value(one, "") for one in value.operands])
                return Calculation(value.operator, operands, self.all(value.annotations))
        assert_never(value)

    def _if(self, value: If, kind: str) -> If:
        otherwise = None if value.otherwise is None else self._value(value.otherwise, kind)
        condition, then = self._value(value.condition, "Edm.Boolean"), self._value(value.then, kind)
        return If(condition, then, otherwise, self.all(value.annotations))

    def _record(self, record: Record, kind: str) -> Record:
        declared = self.model.find_type(record.type or kind)
        properties: Mapping[str, Any] = declared.properties if isinstance(declared, ComplexType) else {}
        values = [
            PropertyValue(
                one.name,
                self._value(one.value, properties[one.name].type_name if one.name in properties else ""),
                self.all(one.annotations),
            )
            for one in record.values
        ]
        return Record(tuple(values), record.type, self.all(record.annotations))

    def _constant(self, constant: Constant, name: str) -> Expression:
        kind = self.model.find_type(name) if name else None
        if isinstance(kind, TypeDefinition):
            kind = kind.underlying
        if isinstance(kind, EnumType):
            return _members(constant, kind)
        if not isinstance(kind, PrimitiveType):
            return constant
        if constant.kind == "String" and kind.name in _PATHS:
            return Path(self.names.path(constant.value), _PATHS[kind.name])
        table = {"String": _TEXTS, "Int": _NUMBERS, "Decimal": _NUMBERS}.get(constant.kind, {})
        wanted = table.get(kind.name)
        if wanted is None:
            return constant
        try:
            return Constant(wanted, read_constant(wanted, str(constant.value)))
        except ValueError:
            return constant


def _members(constant: Constant, kind: EnumType) -> Expression:
    """Text with the names of members as these members; anything else as it is."""
    names = str(constant.value).split(",") if constant.kind == "String" else []
    if not names or any(name not in kind.members for name in names):
        return constant
    return EnumValue(kind.qualified_name, tuple(names))
