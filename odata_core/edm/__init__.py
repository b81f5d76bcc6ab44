"""The entity data model: types, values, and a builder for models in Python."""

from .annotations import Annotation, Expression, Reference
from .builder import ModelBuilder
from .container import EntitySet, Operation, OperationImport, Parameter, ReturnType, Singleton
from .model import Model, Term
from .primitives import ABSTRACT_TYPES, PRIMITIVE_TYPES, PrimitiveType
from .specs import PropertySpec, prop
from .temporal import Duration, TimeOfDay, Timestamp
from .types import (
    BUILT_IN_TYPES,
    COMPLEX_TYPE,
    ENTITY_TYPE,
    NOT_GIVEN,
    AnyType,
    ComplexType,
    EntityType,
    EnumType,
    Member,
    ModelError,
    NavigationProperty,
    Property,
    StructuredType,
    TypeDefinition,
    accept_enum,
    check_facets,
    default_of,
    enum_name,
    name_of,
)

__all__ = [
    "ABSTRACT_TYPES",
    "BUILT_IN_TYPES",
    "COMPLEX_TYPE",
    "ENTITY_TYPE",
    "NOT_GIVEN",
    "PRIMITIVE_TYPES",
    "Annotation",
    "AnyType",
    "ComplexType",
    "Duration",
    "EntitySet",
    "EntityType",
    "EnumType",
    "Expression",
    "Member",
    "Model",
    "ModelBuilder",
    "ModelError",
    "NavigationProperty",
    "Operation",
    "OperationImport",
    "Parameter",
    "PrimitiveType",
    "Property",
    "PropertySpec",
    "Reference",
    "ReturnType",
    "Singleton",
    "StructuredType",
    "Term",
    "TimeOfDay",
    "Timestamp",
    "TypeDefinition",
    "accept_enum",
    "check_facets",
    "default_of",
    "enum_name",
    "name_of",
    "prop",
]
