# JSON objects -> rows, for any payload: the walk that knows every rule and explains every fault.
# Strategy: a reader walks what the other side sent and asks the model about each name; control information may stand
# anywhere. Without a model, or in open types, a value is what its told type says, else what JSON says.
# Whole bodies of plain rows have a faster way (json_decoders); both give the same rows.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from ..edm import (
    ABSTRACT_TYPES,
    ComplexType,
    EntityType,
    EnumType,
    NavigationProperty,
    PrimitiveType,
    Property,
    ReturnType,
    StructuredType,
    TypeDefinition,
    accept_enum,
    check_facets,
)
from ..edm import primitives as edm
from ..edm.rows import BIND, CONTEXT, COUNT, ID, MEDIA_TYPE, REMOVED, TYPE
from ..errors import BadRequest, suggestion
from ..records import record
from .codec import Reading
from .json_forms import JsonForm, built_in, item_name, qualified_name
from .json_names import CONTROL, DELTA
from .json_untyped import plain
from .json_values import told_type

Row = dict[str, Any]
Typed = Property | ReturnType


# What JSON itself tells (4.01 JSON Format, 4.6.3).
_NATIVE: Final = frozenset({"Edm.String", "Edm.Boolean", "Edm.Double"})


@record
class JsonReader:
    """Reads the objects of one body."""

    form: JsonForm
    reading: Reading

    # ------------------------------------------------------------ objects

    def row(self, content: Any, declared: StructuredType | None, path: str = "$") -> Row:
        """A structured value; `declared` is None where nothing is known of it."""
        if not isinstance(content, dict):
            expected = (
                "an object is expected" if declared is None else f"an object of type {_name(declared)} is expected"
            )
            refuse(path, expected)
        read = self.form.names.read
        canonical = {name: read(name) for name in content}
        kind, told = self._instance_type(content, canonical, declared, path)
        row: Row = {} if told is None else {TYPE: told}
        types = {found: value for name, value in content.items() if (found := canonical[name]) and found.endswith(TYPE)}
        for name, value in content.items():
            known = canonical[name]
            if known == CONTEXT and path == "$":
                continue  # that of the whole body
            if known is not None and not (kind is not None and name in kind.properties):
                self._control(row, known, value, kind, _at(path, name))
            elif name[:1] == "#":
                if not self.reading.is_request:
                    row[name] = self._plain(value, _at(path, name))
            else:
                self._member(row, name, value, kind, types.get(name + TYPE), path)
        return row

    def _instance_type(
        self,
        content: Mapping[str, Any],
        canonical: Mapping[str, str | None],
        declared: StructuredType | None,
        path: str,
    ) -> tuple[StructuredType | None, str | None]:
        """The type of an object, and its name where that is not the declared one."""
        where = next((name for name, known in canonical.items() if known == TYPE), None)
        if where is None:
            return declared, None
        text = content[where]
        if not isinstance(text, str):
            refuse(_at(path, where), "the name of a type is expected")
        if declared is None and self.reading.model is None:
            return None, text if "://" in text else text.rpartition("#")[2]
        kind = self._find(qualified_name(text))
        fits = isinstance(kind, StructuredType) and (declared is None or kind.is_a(declared))
        if not fits and declared is not None and declared.qualified_name == qualified_name(text):
            return declared, None  # a type that is in no model, such as a test's
        if not isinstance(kind, StructuredType) or not fits or kind.is_abstract:
            wanted = "a structured type" if declared is None else f"{_name(declared)} or a type derived from it"
            refuse(_at(path, where), f"'{text[:100]}' is not {wanted}")
        return kind, None if kind is declared else kind.qualified_name

    def _find(self, name: str) -> Any:
        """A type by its name; derived ones are found without a model, too."""
        model = self.reading.model
        return built_in(name) if model is None else model.find_type(name)

    # ------------------------------------------------------------ control information

    def _control(self, row: Row, name: str, value: Any, kind: StructuredType | None, path: str) -> None:
        target, _at_sign, term = name.partition("@")
        if not term.startswith("odata."):
            row[name] = self._plain(value, path)
            return
        control = f"@{term}"
        if control == TYPE:
            if target:
                self._check_type(row, target, value, kind, path)
        elif control == BIND:
            row[name] = self._bind(target, value, kind, path)
        elif control == REMOVED:
            row[name] = self._reason(value, path)
        elif control == DELTA:
            row[name] = self._changes(target, value, kind, path)
        elif not self.reading.is_request or control in self.form.in_requests:
            self._kept(row, name, target, control, value, kind, path)

    def _kept(
        self, row: Row, name: str, target: str, control: str, value: Any, kind: StructuredType | None, path: str
    ) -> None:
        prop = kind.properties.get(target) if kind is not None else None
        if control == MEDIA_TYPE and prop is not None and prop.type is edm.STREAM:
            row[target] = value
        elif control == COUNT:
            row[name] = self.count(value, path)
        else:
            row[name] = self._plain(value, path)

    def _check_type(self, row: Row, target: str, value: Any, kind: StructuredType | None, path: str) -> None:
        """The type of a member: for a declared one it must be right, for a dynamic one it was used already."""
        if not isinstance(value, str):
            refuse(path, "the name of a type is expected")
        member = None if kind is None else kind.properties.get(target) or kind.navigation.get(target)
        if member is None:
            if kind is None or not kind.is_open:
                row[target + TYPE] = value if "://" in value else qualified_name(value)
            return
        if isinstance(member, Property) and not self._agrees(member, qualified_name(value)):
            refuse(path, f"'{target}' is of type {member.type_name}, not {value[:100]}")

    def _agrees(self, prop: Property, name: str) -> bool:
        """Whether a told type is that of a property, stands for it, or derives from it."""
        given = item_name(name)
        if (given is not None) != prop.is_collection:
            return False
        given = given or name
        wanted = {item_name(prop.type_name) or prop.type_name, _name(prop.type)}
        if given in wanted or given in {self.form.substitutes.get(name) for name in wanted}:
            return True
        found = self._find(given)
        if isinstance(found, TypeDefinition):
            return found is prop.type_definition
        if isinstance(prop.type, PrimitiveType) and prop.type.name in ABSTRACT_TYPES:
            return True
        if isinstance(prop.type, PrimitiveType) and prop.type.name in ("Edm.Geography", "Edm.Geometry"):
            return given.startswith(prop.type.name)
        is_structured = isinstance(found, StructuredType) and isinstance(prop.type, StructuredType)
        return found is prop.type or (is_structured and found.is_a(prop.type))

    def _bind(self, target: str, value: Any, kind: StructuredType | None, path: str) -> Any:
        """4.01 JSON Format, 8.5: one URL or many."""
        navigation = None
        if kind is not None:
            navigation = kind.navigation.get(target)
            if navigation is None:
                hint = suggestion(target[:100], kind.navigation)
                refuse(path, f"the type '{_name(kind)}' has no navigation property '{target[:100]}'.{hint}")
        is_list = isinstance(value, list)
        if navigation is not None and is_list != navigation.is_collection and value is not None:
            refuse(path, "an array of URLs is expected" if navigation.is_collection else "one URL is expected")
        if value is None and (navigation is None or not navigation.is_collection):
            return None
        urls = value if is_list else [value]
        if not all(isinstance(url, str) for url in urls):
            refuse(path, "a URL is expected, or an array of URLs")
        return value

    def _reason(self, value: Any, path: str) -> str:
        """4.01 JSON Format, 15.3: an object, perhaps with a reason; '' for none."""
        reason = value.get("reason", "") if isinstance(value, dict) else None
        if reason not in ("", "changed", "deleted"):
            refuse(path, "an object with the reason 'changed' or 'deleted' is expected")
        return str(reason)

    def _changes(self, target: str, value: Any, kind: StructuredType | None, path: str) -> list[Row]:
        navigation = kind.navigation.get(target) if kind is not None else None
        if kind is not None and (navigation is None or not navigation.is_collection):
            hint = suggestion(target[:100], kind.navigation)
            refuse(path, f"the type '{_name(kind)}' has no collection of entities '{target[:100]}'.{hint}")
        if not isinstance(value, list):
            refuse(path, "an array is expected")
        related = None if navigation is None else navigation.target
        return [self.row(item, related, f"{path}[{index}]") for index, item in enumerate(value)]

    def count(self, value: Any, path: str) -> int:
        """The number of entities, which is a string in some forms."""
        try:
            number: int = edm.INT64.accept(self.form.codecs[edm.INT64].read(value))
        except ValueError as error:
            refuse(path, str(error))
        return number

    # ------------------------------------------------------------ members

    def _member(self, row: Row, name: str, value: Any, kind: StructuredType | None, told: Any, path: str) -> None:
        if kind is None:
            self._dynamic(row, name, value, told, _at(path, name), keeps_type=True)
            return
        prop = kind.properties.get(name)
        if prop is not None:
            if value is None and prop.is_generated and self.reading.is_request:
                return  # a key that the server makes: null means that the client has none
            row[name] = self.value(value, prop, _at(path, name), name)
            return
        navigation = kind.navigation.get(name)
        if navigation is not None:
            row[name] = self._related(value, navigation, _at(path, name))
        elif kind.is_open:
            self._dynamic(row, name, value, told, _at(path, name), keeps_type=False)
        else:
            hint = suggestion(name[:100], [*kind.properties, *kind.navigation])
            refuse(_at(path, name), f"the type '{_name(kind)}' has no property '{name[:100]}'.{hint}")

    def value(self, value: Any, prop: Typed, path: str, name: str) -> Any:
        """The value of a declared property, a parameter or a result."""
        if prop.type is edm.STREAM:
            refuse(path, "a named stream has no value in an entity")
        if prop.is_collection:
            if value is None:
                refuse(
                    path,
                    f"The value of the property '{name}' is null. "
                    "Properties that are a collection type of primitive or complex types cannot be null",
                )
            if not isinstance(value, list):
                refuse(path, f"an array for {prop.type_name} is expected")
            read = self._item
            return [
                None if item is None and prop.nullable else read(item, prop, f"{path}[{index}]")
                for index, item in enumerate(value)
            ]
        if value is None:
            if not prop.nullable:
                refuse(path, f"the property '{name}' is not nullable")
            return None
        return self._item(value, prop, path)

    def _item(self, value: Any, prop: Typed, path: str) -> Any:
        kind = prop.type
        if isinstance(kind, StructuredType):
            return self.row(value, kind, path)
        if kind.name in ABSTRACT_TYPES:
            return self._untold(value, path)
        return self._primitive(value, kind, prop.facets, path)

    def _primitive(self, value: Any, kind: PrimitiveType | EnumType, facets: Mapping[str, Any], path: str) -> Any:
        try:
            if isinstance(kind, EnumType):
                return accept_enum(kind, value)
            return check_facets(kind.accept(self.form.codecs[kind].read(value)), facets)
        except ValueError as error:
            refuse(path, f"{error}, for the type {kind.name}")

    def _related(self, value: Any, navigation: NavigationProperty, path: str) -> Any:
        """Entities within an entity, or references to them."""
        if navigation.is_collection:
            if not isinstance(value, list):
                refuse(path, f"an array for {navigation.type_name} is expected")
            return [self.row(item, navigation.target, f"{path}[{index}]") for index, item in enumerate(value)]
        if value is None:
            if not navigation.nullable and self.reading.is_request:
                refuse(path, f"the navigation property '{navigation.name}' is not nullable")
            return None
        return self.row(value, navigation.target, path)

    # ------------------------------------------------------------ dynamic values

    def _dynamic(self, row: Row, name: str, value: Any, told: Any, path: str, *, keeps_type: bool) -> None:
        """A value that no model declares, by the type that is told beside it."""
        if not isinstance(told, str):
            row[name] = self._untold(value, path)
            return
        type_name = qualified_name(told)
        if value is not None:
            row[name] = self._told(value, type_name, path)
        else:
            row[name] = None
        obvious = told_type(row[name], self.form)
        is_obvious = type_name == obvious or (obvious is None and type_name in _NATIVE)
        if not keeps_type and not is_obvious and not (isinstance(value, dict) and TYPE in row[name]):
            row[name + TYPE] = type_name

    def _told(self, value: Any, name: str, path: str) -> Any:
        inner = item_name(name)
        if inner is not None:
            if not isinstance(value, list):
                refuse(path, f"an array for {name} is expected")
            return [
                None if item is None else self._told(item, inner, f"{path}[{index}]")
                for index, item in enumerate(value)
            ]
        kind = self._find(name)
        facets: Mapping[str, Any] = {}
        if isinstance(kind, TypeDefinition):
            facets = kind.facets
            kind = kind.underlying
        if isinstance(kind, ComplexType | EntityType):
            row = self.row(value, kind, path)
            return row if TYPE in row else {TYPE: kind.qualified_name, **row}
        if isinstance(kind, EnumType) or (isinstance(kind, PrimitiveType) and kind in self.form.codecs):
            return self._primitive(value, kind, facets, path)
        if self.reading.model is not None and not name.startswith("Edm."):
            refuse(path, f"there is no type '{name[:100]}'")
        return self._untold(value, path)

    def _untold(self, value: Any, path: str) -> Any:
        """A value as JSON gives it; objects are rows of an unknown type."""
        if isinstance(value, dict):
            return self.row(value, None, path)
        if isinstance(value, list):
            return [self._untold(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return self._plain(value, path)

    def _plain(self, value: Any, path: str) -> Any:
        try:
            return plain(value)
        except ValueError as error:
            refuse(path, str(error))


def read_removed_40(content: Mapping[str, Any], context_name: str) -> Row:
    """4.01 JSON Format, 15.3, for 4.0: a deleted entity, with its id and reason as members."""
    row: Row = {CONTEXT: content[context_name], REMOVED: content.get("reason", "deleted")}
    if isinstance(content.get("id"), str):
        row[ID] = content["id"]
    row.update({name: plain(content[name]) for name in content if name[:1] == "@" and not name.startswith(CONTROL)})
    return row


def _name(kind: Any) -> str:
    return kind.name if isinstance(kind, PrimitiveType) else str(kind.qualified_name)


_PLAIN_NAME: Callable[[str], bool] = str.isidentifier


def _at(path: str, name: str) -> str:
    """The JSON path of a member."""
    return f"{path}.{name}" if _PLAIN_NAME(name) else f"{path}['{name[:100]}']"


def refuse(path: str, reason: str) -> NoReturn:
    """BadRequest, with the place."""
    ending = "" if reason.endswith(("?", ".")) else "."
    raise BadRequest(f"At {path[:200]}: {reason}{ending}", target=path)


def read_items(reader: JsonReader, items: Sequence[Any], kind: StructuredType | None, path: str) -> list[Row]:
    """The rows of an array."""
    return [reader.row(item, kind, f"{path}[{index}]") for index, item in enumerate(items)]
