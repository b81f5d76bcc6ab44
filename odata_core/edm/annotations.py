# Annotations: what a model says about its elements beyond their meaning, and what documents of others say in namespaces
# of their own. Sections are those of OData CSDL 4.01, chapter 14.
# Strategy: an expression is one of a closed union of small values, operators are values; all names in them are
# qualified, never aliases. Annotations are kept by the path of their target (14.2.2), so that no element of the model
# knows them.
# What an expression means for rows is not evaluated here.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import Any, Final

from ..records import record


@record
class Annotation:
    """A term with its value, told apart by a qualifier from others of the same term; it may be annotated itself.

    `apart` has the namespace of the schema that says it away from its target, and is empty where it stands within it.
    `borrowed` marks one that a document of version 2 or 3 has in the vocabulary of version 4, as those of SAP do.
    """

    term: str
    value: Expression
    qualifier: str = ""
    annotations: tuple[Annotation, ...] = ()
    apart: str = ""
    borrowed: bool = False


@record
class Constant:
    """A primitive value (14.3). `kind` is one of CONSTANTS.

    The value is a bool (Bool), int (Int), Decimal (Decimal) or float (Float), and for all others the text as CSDL has
    it: dates, durations, GUIDs, base64url of Binary.
    """

    kind: str
    value: Any


@record
class EnumValue:
    """Members of an enumeration type (14.3.7): one, or several of flags. The type is qualified."""

    type: str
    members: tuple[str, ...]


@record
class Path:
    """A path (14.4.1): `kind` is `Path` where its value counts, else what kind of element it leads to, one of PATHS."""

    path: str
    kind: str = "Path"


@record
class Null:
    """No value (14.4.10)."""

    annotations: tuple[Annotation, ...] = ()


@record
class Collection:
    """Values in order (14.4.6)."""

    items: tuple[Expression, ...] = ()


@record
class PropertyValue:
    """A property of a record."""

    name: str
    value: Expression
    annotations: tuple[Annotation, ...] = ()


@record
class Record:
    """A structured value (14.4.11); `type` is qualified, and empty where it is the declared one."""

    values: tuple[PropertyValue, ...] = ()
    type: str = ""
    annotations: tuple[Annotation, ...] = ()

    def get(self, name: str) -> Expression | None:
        """The value of a property; None where the record does not name it."""
        return next((value.value for value in self.values if value.name == name), None)


@record
class Apply:
    """A client-side function such as `odata.concat` (14.4.4)."""

    function: str
    arguments: tuple[Expression, ...] = ()
    annotations: tuple[Annotation, ...] = ()


@record
class Cast:
    """A value as one of another type (14.4.5), which may be `Collection(...)`."""

    type: str
    value: Expression
    facets: Mapping[str, Any] = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()


@record
class IsOf:
    """Whether a value is of a type (14.4.8), which may be `Collection(...)`."""

    type: str
    value: Expression
    facets: Mapping[str, Any] = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()


@record
class If:
    """One value or another (14.4.7); without `otherwise` an item of a collection is there or not."""

    condition: Expression
    then: Expression
    otherwise: Expression | None = None
    annotations: tuple[Annotation, ...] = ()


@record
class LabeledElement:
    """A value that others can refer to by its qualified name (14.4.9)."""

    name: str
    value: Expression
    annotations: tuple[Annotation, ...] = ()


@record
class LabeledElementReference:
    """The value of a labeled element."""

    name: str


@record
class UrlRef:
    """What a URL answers (14.4.12)."""

    url: Expression
    annotations: tuple[Annotation, ...] = ()


@record
class Calculation:
    """Comparison, logic and arithmetic (14.4.2, 14.4.3): an operator of OPERATORS with as many operands as it says."""

    operator: str
    operands: tuple[Expression, ...]
    annotations: tuple[Annotation, ...] = ()


Expression = (
    Constant
    | EnumValue
    | Path
    | Null
    | Collection
    | Record
    | Apply
    | Cast
    | IsOf
    | If
    | LabeledElement
    | LabeledElementReference
    | UrlRef
    | Calculation
)

CONSTANTS: Final = frozenset("Binary Bool Date DateTimeOffset Decimal Duration Float Guid Int String TimeOfDay".split())
PATHS: Final = (
    *("Path", "AnnotationPath", "AnyPropertyPath", "ModelElementPath", "NavigationPropertyPath", "PropertyPath"),
)
OPERATORS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("And", "Or", "Eq", "Ne", "Gt", "Ge", "Lt", "Le", "Has", "In"), 2),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "DivBy", "Mod"), 2),
    **dict.fromkeys(("Not", "Neg"), 1),
}
"""Every operator with the number of its operands."""


def expression_of(value: Any) -> Expression:
    """A Python value as an expression: expressions themselves, None, bool, numbers, text, lists and mappings."""
    match value:
        case None:
            return Null()
        case bool():
            return Constant("Bool", value)
        case int():
            return Constant("Int", value)
        case Decimal():
            return Constant("Decimal", value)
        case float():
            return Constant("Float", value)
        case str():
            return Constant("String", value)
        case list() | tuple():
            return Collection(tuple([expression_of(item) for item in value]))
        case Mapping():
            return Record(tuple([PropertyValue(name, expression_of(item)) for name, item in value.items()]))
    if not isinstance(value, Expression):
        raise TypeError(f"an expression is expected, not {type(value).__name__}")
    return value


def value_of(expression: Expression | None) -> Any:
    """The reverse of `expression_of` for constants, members, paths, collections and records: plain Python values.

    Members of enumerations are their bare names (`Read,Write`), paths their text. Whatever has to be evaluated stays
    the expression that it is; None is no expression, or null.
    """
    match expression:
        case None | Null():
            return None
        case Constant():
            return expression.value
        case EnumValue():
            return ",".join(expression.members)
        case Path():
            return expression.path
        case Collection():
            return [value_of(item) for item in expression.items]
        case Record():
            return {item.name: value_of(item.value) for item in expression.values}
    return expression


# ------------------------------------------------------------------ documents


@record
class Include:
    """A schema of another document that may be named here (4.2)."""

    namespace: str
    alias: str = ""
    annotations: tuple[Annotation, ...] = ()


@record
class IncludeAnnotations:
    """Annotations of another document that count here (4.3)."""

    term_namespace: str
    qualifier: str = ""
    target_namespace: str = ""


@record
class Reference:
    """Another document (4.1)."""

    uri: str
    includes: tuple[Include, ...] = ()
    include_annotations: tuple[IncludeAnnotations, ...] = ()
    annotations: tuple[Annotation, ...] = ()


@record
class ForeignElement:
    """An element of a namespace that is not of CSDL, as it stood; documentation has the namespace `Edm`."""

    namespace: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)  # those with a namespace are called `namespace name`
    children: tuple[ForeignElement, ...] = ()
    text: str = ""


@record
class Foreign:
    """What a document says about an element of the model in namespaces of its own (`sap:`, `m:`): nobody reads it here.

    Attributes are called `namespace name`.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    elements: tuple[ForeignElement, ...] = ()
