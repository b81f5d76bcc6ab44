# A model for tests of query options: complex values within each other, derived types, streams, open types, navigation
# of all kinds. And bound options as one line of text, so that a table can hold them.

from __future__ import annotations

from odata_core.edm import Model, ModelBuilder
from odata_core.limits import Limits
from odata_core.query.option_binder import bind_options
from odata_core.query.options import BoundOptions, Expansion, Form, Selected, Selection
from odata_core.query.scope import Scope
from odata_core.query.tree import Bound, Cast, Dynamic, Follow, Step
from odata_core.query.unbinder import unbind
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR
from odata_core.uri.printer import print_expression
from odata_core.uri.urls import parse_query

LIMITS = Limits()
GRAMMARS = {2: V2_GRAMMAR, 3: V3_GRAMMAR, 4: V4_GRAMMAR}


def _model() -> Model:
    model = ModelBuilder("People")
    model.alias("P", "People")
    model.complex("Street", properties={"Name": "String", "No": "Int32"})
    model.complex("Address", properties={"City": "String", "Street": "Street"})
    model.complex("PostBox", properties={"Box": "String"}, base="Address")
    model.entity("Country", key="Code", properties={"Code": "String", "Name": "String"})
    person = {
        "ID": "Int32",
        "Name": "String",
        "Age": "Int32",
        "Home": "Address",
        "Others": "Collection(Address)",
        "Tags": "Collection(String)",
        "Photo": "Stream",
    }
    model.entity("Person", key="ID", properties=person)
    model.entity("Employee", properties={"Salary": "Decimal"}, base="Person")
    model.entity("Note", key="No", properties={"No": "Int32", "Text": "String"}, open=True)
    model.entity("File", key="ID", properties={"ID": "Int32"}, has_stream=True)
    model.navigation("Person", "Boss", to="Person")
    model.navigation("Person", "Friends", to="Person", many=True)
    model.navigation("Person", "Notes", to="Note", many=True, contains=True)
    model.navigation("Note", "Country", to="Country")
    model.navigation("Employee", "Files", to="File", many=True)
    model.navigation("Address", "Country", to="Country")
    model.entity_set("People", "Person", bindings={"Home/Country": "Countries", "Others/Country": "Countries"})
    model.entity_set("Countries", "Country")
    model.entity_set("Files", "File")
    model.function("Rank", bound=True, parameters={"it": "Person"}, returns="Int32")
    model.function("Rank", bound=True, parameters={"it": "Person", "by": "String"}, returns="Int32")
    model.action("Fire", bound=True, parameters={"it": "Employee"})
    return model.build()


MODEL = _model()


def scope_of(name: str = "People", version: int = 4, limits: Limits = LIMITS) -> Scope:
    found = MODEL.entity_sets[name]
    return Scope(MODEL, GRAMMARS[version], limits, found.type, found)


def bound(query: str, name: str = "People", version: int = 4, limits: Limits = LIMITS) -> BoundOptions:
    """The options of a query string on an entity set."""
    return bind_options(parse_query(query, GRAMMARS[version], limits), scope_of(name, version, limits))


def shown_selection(selection: Selection | None) -> str:
    """`*` all structural properties, `->` a link, `Type:Name` a member of a derived type, `Name{}` a part of it."""
    if selection is None:
        return "all"
    parts = ["*"] * selection.everything + ["->*"] * selection.links
    parts += [_selected(member) for member in selection.members]
    parts += [
        operation.name + ("" if operation.parameters is None else f"({','.join(operation.parameters)})")
        for operation in selection.operations
    ]
    parts += [f"{schema}.*" for schema in selection.schemas] + [f"@{term}" for term in selection.annotations]
    return " ".join(parts)


def _selected(member: Selected) -> str:
    mark = "->" if isinstance(member.member, Follow) else "?" if isinstance(member.member, Dynamic) else ""
    cast = "" if member.cast is None else f"{member.cast.type.name}:"
    inner = "" if member.selection is None else f"{{{shown_selection(member.selection)}}}"
    options = "" if member.options is None or member.options == BoundOptions() else f"({shown(member.options)})"
    return f"{cast}{mark}{member.name}{inner}{options}"


def shown_expansion(expansion: Expansion) -> str:
    """`Path/Name:Type form xLevels(options)->Set`"""
    path = "".join([f"{_name(step)}/" for step in expansion.path])
    cast = "" if expansion.cast is None else f":{expansion.cast.type.name}"
    form = "" if expansion.form is Form.ENTITIES else f" {expansion.form.value}"
    levels = "" if expansion.levels == 1 else f" x{expansion.levels}"
    options = "" if expansion.options == BoundOptions() else f"({shown(expansion.options)})"
    target = expansion.step.target if isinstance(expansion.step, Follow) else None
    return f"{path}{expansion.name}{cast}{form}{levels}{options}{'' if target is None else f'->{target.name}'}"


def _name(step: Step) -> str:
    if isinstance(step, Cast):
        return step.type.name
    return step.navigation.name if isinstance(step, Follow) else step.name


def shown(options: BoundOptions) -> str:
    """All options that were given, in the order in which they apply."""
    parts = []
    if options.apply is not None:
        parts.append("apply " + "/".join([type(step).__name__ for step in options.apply.steps]))
    if options.compute:
        parts.append("compute " + ", ".join([f"{_text(item.expression)} as {item.name}" for item in options.compute]))
    if options.search is not None:
        parts.append("search")
    if options.filter is not None:
        parts.append(f"filter {_text(options.filter)}")
    if options.order:
        keys = [_text(key.expression) + (" desc" if key.descending else "") for key in options.order]
        parts.append("order " + ", ".join(keys))
    for name in ("skip", "top", "skiptoken", "deltatoken", "format", "id", "index", "schemaversion"):
        value = getattr(options, name)
        if value is not None:
            parts.append(f"{name} {value}")
    if options.count:
        parts.append("count")
    if options.select is not None:
        parts.append(f"select {shown_selection(options.select)}")
    if options.expand:
        parts.append("expand " + ", ".join(map(shown_expansion, options.expand)))
    return "; ".join(parts)


def _text(expression: Bound) -> str:
    return print_expression(unbind(expression), V4_GRAMMAR)
