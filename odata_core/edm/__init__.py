"""The entity data model: types, values, and a builder for models in Python."""

from .builder import ModelBuilder, PropertySpec, prop
from .model import (
    NOT_GIVEN,
    ComplexType,
    EntitySet,
    EntityType,
    EnumType,
    Model,
    ModelError,
    NavigationProperty,
    Property,
    StructuredType,
    accept_enum,
    check_facets,
    default_of,
    enum_name,
    name_of,
)
from .primitives import PRIMITIVE_TYPES, PrimitiveType
from .temporal import Duration, TimeOfDay, Timestamp

__all__ = [
    "NOT_GIVEN",
    "PRIMITIVE_TYPES",
    "ComplexType",
    "Duration",
    "EntitySet",
    "EntityType",
    "EnumType",
    "Model",
    "ModelBuilder",
    "ModelError",
    "NavigationProperty",
    "PrimitiveType",
    "Property",
    "PropertySpec",
    "StructuredType",
    "TimeOfDay",
    "Timestamp",
    "accept_enum",
    "check_facets",
    "default_of",
    "enum_name",
    "name_of",
    "prop",
]
