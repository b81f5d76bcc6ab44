# Annotations and whatever else documents say beyond the meaning of a model: every form of expression, every place, and
# what is refused.

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from odata_core.csdl import read_csdl, write_json, write_xml_v3, write_xml_v4
from odata_core.edm import Annotation, ModelBuilder, ModelError, Operation, Property, StructuredType, prop
from odata_core.edm.annotations import (
    OPERATORS,
    Apply,
    Calculation,
    Cast,
    Collection,
    Constant,
    EnumValue,
    Foreign,
    ForeignElement,
    If,
    Include,
    IncludeAnnotations,
    IsOf,
    LabeledElement,
    LabeledElementReference,
    Null,
    Path,
    PropertyValue,
    Record,
    Reference,
    UrlRef,
    expression_of,
    value_of,
)
from tests.csdl.test_read import v3, v4

# What stands in an annotation -> what it says. Names have the alias of their schema.
FORMS: list[tuple[str, Any]] = [
    ("", Constant("Bool", True)),
    ("<Bool>false</Bool>", Constant("Bool", False)),
    ("<Int> 42 </Int>", Constant("Int", 42)),
    ("<Decimal>3.140</Decimal>", Constant("Decimal", Decimal("3.140"))),
    ("<Decimal>INF</Decimal>", Constant("Decimal", Decimal("Infinity"))),
    ("<Float>1.5e1</Float>", Constant("Float", 15.0)),
    ("<Float>-INF</Float>", Constant("Float", float("-inf"))),
    ("<String> a </String>", Constant("String", " a ")),
    ("<String/>", Constant("String", "")),
    ("<Binary>T0RhdGE</Binary>", Constant("Binary", "T0RhdGE")),
    ("<Date>2000-01-01</Date>", Constant("Date", "2000-01-01")),
    (
        "<DateTimeOffset>2000-01-01T16:00:00.000-09:00</DateTimeOffset>",
        Constant("DateTimeOffset", "2000-01-01T16:00:00.000-09:00"),
    ),
    ("<Duration>P11DT23H59M59.999999999999S</Duration>", Constant("Duration", "P11DT23H59M59.999999999999S")),
    ("<Guid>21EC2020-3AEA-1069-A2DD-08002B30309D</Guid>", Constant("Guid", "21EC2020-3AEA-1069-A2DD-08002B30309D")),
    ("<TimeOfDay>21:45</TimeOfDay>", Constant("TimeOfDay", "21:45")),
    ("<EnumMember>self.Color/Red</EnumMember>", EnumValue("N.Color", ("Red",))),
    ("<EnumMember>self.Color/Red N.Color/Blue</EnumMember>", EnumValue("N.Color", ("Red", "Blue"))),
    ("<Path>A/self.T/B</Path>", Path("A/N.T/B")),
    ("<Path>@self.Term#q/B</Path>", Path("@N.Term#q/B")),
    ("<Path>/self.C/S('self.x')/B</Path>", Path("/N.C/S('self.x')/B")),
    ("<AnnotationPath>A/@self.Term</AnnotationPath>", Path("A/@N.Term", "AnnotationPath")),
    ("<AnyPropertyPath>A</AnyPropertyPath>", Path("A", "AnyPropertyPath")),
    (
        "<ModelElementPath>/self.F(self.T,Collection(Edm.Int32))</ModelElementPath>",
        Path("/N.F(N.T,Collection(Edm.Int32))", "ModelElementPath"),
    ),
    ("<NavigationPropertyPath>A</NavigationPropertyPath>", Path("A", "NavigationPropertyPath")),
    ("<PropertyPath>A</PropertyPath>", Path("A", "PropertyPath")),
    ("<Null/>", Null()),
    ('<Null><Annotation Term="self.Why" String="x"/></Null>', Null((Annotation("N.Why", Constant("String", "x")),))),
    ("<Collection><Int>1</Int><Path>A</Path></Collection>", Collection((Constant("Int", 1), Path("A")))),
    ("<Collection/>", Collection()),
    ("<Record/>", Record()),
    (
        '<Record Type="self.T"><Annotation Term="self.Why"/><PropertyValue Property="A" Int="1"/>'
        '<PropertyValue Property="B"><Annotation Term="self.Why"/><Null/></PropertyValue></Record>',
        Record(
            (
                PropertyValue("A", Constant("Int", 1)),
                PropertyValue("B", Null(), (Annotation("N.Why", Constant("Bool", True)),)),
            ),
            "N.T",
            (Annotation("N.Why", Constant("Bool", True)),),
        ),
    ),
    (
        '<Apply Function="odata.concat"><String>a</String><Path>A</Path></Apply>',
        Apply("odata.concat", (Constant("String", "a"), Path("A"))),
    ),
    (
        '<Cast Type="Edm.Decimal" Precision="5" Scale="variable"><Path>A</Path></Cast>',
        Cast("Edm.Decimal", Path("A"), {"Precision": 5, "Scale": "variable"}),
    ),
    ('<Cast Type="Collection(self.T)"><Path>A</Path></Cast>', Cast("Collection(N.T)", Path("A"))),
    ('<IsOf Type="self.T"><Path>A</Path></IsOf>', IsOf("N.T", Path("A"))),
    ("<If><Path>A</Path><Int>1</Int></If>", If(Path("A"), Constant("Int", 1))),
    ("<If><Path>A</Path><Int>1</Int><Int>2</Int></If>", If(Path("A"), Constant("Int", 1), Constant("Int", 2))),
    ('<LabeledElement Name="L" Path="A"/>', LabeledElement("L", Path("A"))),
    ("<LabeledElementReference>self.L</LabeledElementReference>", LabeledElementReference("N.L")),
    ("<UrlRef><String>http://x</String></UrlRef>", UrlRef(Constant("String", "http://x"))),
    ("<UrlRef><Apply Function='odata.concat'/></UrlRef>", UrlRef(Apply("odata.concat"))),
    *[
        (f"<{name}>{'<Path>A</Path>' * count}</{name}>", Calculation(name, (Path("A"),) * count))
        for name, count in OPERATORS.items()
    ],
]
SCHEMA = """<Schema Namespace="N" Alias="self"><ComplexType Name="T"><Annotation Term="self.Term">{}</Annotation>
</ComplexType></Schema>"""


@pytest.mark.parametrize(("text", "meant"), FORMS, ids=[text[:60] or "nothing" for text, _ in FORMS])
def test_forms(text: str, meant: Any) -> None:
    """An expression is read from XML, and comes back from XML and JSON as far as JSON tells what it is."""
    model = read_csdl(v4(SCHEMA.format(text)), strict=True)
    assert model.annotation("N.T", "N.Term") == meant
    assert read_csdl(write_xml_v4(model), strict=True).annotations == model.annotations
    again = read_csdl(write_json(model), strict=True)
    assert write_json(again) == write_json(model)


ATTRIBUTES = [
    ('Bool="true"', Constant("Bool", True)),
    ('Int="-5"', Constant("Int", -5)),
    ('EnumMember="self.Color/Red"', EnumValue("N.Color", ("Red",))),
    ('Path="A"', Path("A")),
    ('PropertyPath="A"', Path("A", "PropertyPath")),
    ('UrlRef="http://x"', UrlRef(Constant("String", "http://x"))),
    ('Duration="P7D"', Constant("Duration", "P7D")),
]


@pytest.mark.parametrize(("attribute", "meant"), ATTRIBUTES)
def test_attributes(attribute: str, meant: Any) -> None:
    text = SCHEMA.format("").replace('Term="self.Term"', f'Term="self.Term" {attribute}')
    assert read_csdl(v4(text), strict=True).annotation("self.T", "self.Term") == meant


# What stands in an annotation -> why it says nothing.
MISTAKES = [
    ("<Int>x</Int>", "'x' is no value of Int."),
    ("<Int>99999999999999999999</Int>", "'99999999999999999999' is no value of Int."),
    ("<Bool>yes</Bool>", "'yes' is no value of Bool."),
    ("<Float>1e999999</Float>", "'1e999999' is no value of Float."),
    ("<Guid>1</Guid>", "'1' is no value of Guid."),
    ("<EnumMember>Red</EnumMember>", "'Red' is no member, nor several, of one enumeration."),
    ("<EnumMember>A/Red B/Red</EnumMember>", "'A/Red B/Red' is no member, nor several, of one enumeration."),
    ("<Int>1</Int><Int>2</Int>", "It has more than one value."),
    ("<Maybe/>", "There is no expression 'Maybe'."),
    ("<Eq><Int>1</Int></Eq>", "'Eq' needs 2 operands, not 1."),
    ("<If><Int>1</Int></If>", "'If' needs 2 to 3 operands, not 1."),
    ("<Apply/>", "The attribute 'Function' is missing."),
    (
        '<Cast Type="Edm.Decimal" Scale="x"><Int>1</Int></Cast>',
        "The attribute 'Scale' must be a whole number or 'variable' or 'floating', not 'x'.",
    ),
    ("<Record><PropertyValue Property='A'/><PropertyValue Property='A'/></Record>", "The property 'A' has two values."),
]


@pytest.mark.parametrize(("text", "reason"), MISTAKES)
def test_mistakes(text: str, reason: str) -> None:
    """An annotation that cannot be understood is listed, and refused in a document that is ours."""
    document = v4(SCHEMA.format(text))
    model = read_csdl(document)
    assert model.annotations == {}
    assert len(model.left_out) == 1
    assert model.left_out[0].startswith("line 1: Schema N, ComplexType T, Annotation self.Term")
    assert model.left_out[0].endswith(f": {reason}")
    with pytest.raises(ModelError, match=r"line 1: Schema N, ComplexType T, Annotation self\.Term"):
        read_csdl(document, strict=True)


JSON_MISTAKES = [
    ({"$Nothing": 1}, "There is no expression '$Nothing'."),
    ({"$Path": 1}, "'$Path' must be a string."),
    ({"$Apply": [], "$Function": None}, "'$Function' must be a string."),
    ({"$And": True}, "'And' needs an array."),
    ({"$And": [True]}, "'And' needs 2 operands, not 1."),
]


@pytest.mark.parametrize(("value", "reason"), JSON_MISTAKES)
def test_mistakes_in_json(value: Any, reason: str) -> None:
    document = {"$Version": "4.01", "N": {"T": {"$Kind": "ComplexType", "@N.Term": value}}}
    with pytest.raises(ModelError) as caught:
        read_csdl(json.dumps(document), strict=True)
    assert "$.N.T.@N.Term" in caught.value.message or "$.N.T:" in caught.value.message
    assert caught.value.message.endswith(reason)


def test_annotations_of_annotations_in_json() -> None:
    document = {
        "$Version": "4.01",
        "$Reference": {"http://x": {"$Include": [{"$Namespace": "X", "@X.I": 1}], "@X.R": 2}},
        "N": {
            "T": {
                "$Kind": "ComplexType",
                "@X.A#q@X.B@X.C": 3,
                "@X.A#q@X.B": 2,
                "@X.A#q": 1,
                "P": {"@X.P": {"a": 1, "a@X.B": 2, "@X.C": 3, "@type": "#N.T"}},
            },
            "E": {"$Kind": "EnumType", "Red": 0, "Red@X.D": "red"},
        },
    }
    model = read_csdl(json.dumps(document), strict=True)
    c = Annotation("X.C", Constant("Int", 3))
    b = Annotation("X.B", Constant("Int", 2), annotations=(c,))
    assert model.annotations == {
        "N.T": (Annotation("X.A", Constant("Int", 1), "q", (b,)),),
        "N.T/P": (
            Annotation(
                "X.P",
                Record(
                    (PropertyValue("a", Constant("Int", 1), (Annotation("X.B", Constant("Int", 2)),)),), "N.T", (c,)
                ),
            ),
        ),
        "N.E/Red": (Annotation("X.D", Constant("String", "red")),),
    }
    assert model.references == (
        Reference(
            "http://x",
            (Include("X", annotations=(Annotation("X.I", Constant("Int", 1)),)),),
            annotations=(Annotation("X.R", Constant("Int", 2)),),
        ),
    )
    assert json.loads(write_json(model)) == document


PLACES = """
<Schema Namespace="N" Alias="self"><Annotation Term="X.A" String="schema"/>
 <EntityType Name="T"><Annotation Term="X.A" String="type"/><Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Int32" Nullable="false"><Annotation Term="X.A" String="property"/></Property>
  <NavigationProperty Name="W" Type="self.T"><Annotation Term="X.A" String="way"/>
   <ReferentialConstraint Property="ID" ReferencedProperty="ID"><Annotation Term="X.A" String="pair"/>
   </ReferentialConstraint><OnDelete Action="None"><Annotation Term="X.A" String="deletion"/></OnDelete>
  </NavigationProperty></EntityType>
 <EnumType Name="E"><Annotation Term="X.A" String="enum"/><Member Name="M"><Annotation Term="X.A" String="member"/>
 </Member></EnumType>
 <TypeDefinition Name="D" UnderlyingType="Edm.String"><Annotation Term="X.A" String="definition"/></TypeDefinition>
 <Term Name="R" Type="Edm.String"><Annotation Term="X.A" String="term"/></Term>
 <Function Name="F"><Annotation Term="X.A" String="function"/>
  <Parameter Name="p" Type="self.T"><Annotation Term="X.A" String="parameter"/></Parameter>
  <ReturnType Type="Edm.Int32"><Annotation Term="X.A" String="result"/></ReturnType></Function>
 <Action Name="G" IsBound="true"><Annotation Term="X.A" String="action"/>
  <Parameter Name="it" Type="Collection(self.T)"/><Parameter Name="p" Type="Edm.Int32"/></Action>
 <EntityContainer Name="C"><Annotation Term="X.A" String="container"/>
  <EntitySet Name="S" EntityType="self.T"><Annotation Term="X.A" String="set"/></EntitySet>
  <Singleton Name="O" Type="self.T"><Annotation Term="X.A" String="singleton"/></Singleton>
  <FunctionImport Name="I" Function="self.F"><Annotation Term="X.A" String="import"/></FunctionImport>
 </EntityContainer>
</Schema>"""
TARGETS = {
    "N/$Schema": "schema",
    "N.T": "type",
    "N.T/ID": "property",
    "N.T/W": "way",
    "N.T/W/$ReferentialConstraint/ID": "pair",
    "N.T/W/$OnDelete": "deletion",
    "N.E": "enum",
    "N.E/M": "member",
    "N.D": "definition",
    "N.R": "term",
    "N.F(N.T)": "function",
    "N.F(N.T)/p": "parameter",
    "N.F(N.T)/$ReturnType": "result",
    "N.G(Collection(N.T))": "action",
    "N.C": "container",
    "N.C/S": "set",
    "N.C/O": "singleton",
    "N.C/I": "import",
}


def test_places() -> None:
    """Whatever can be annotated is known by its path, and comes back to its place in every format."""
    model = read_csdl(v4(PLACES), strict=True)
    expected = {target: (Annotation("X.A", Constant("String", text)),) for target, text in TARGETS.items()}
    assert model.annotations == expected
    assert read_csdl(write_xml_v4(model), strict=True).annotations == expected
    assert read_csdl(write_json(model), strict=True).annotations == expected


def test_elements_know_their_annotations() -> None:
    """`Model.annotation` takes elements of the model as well as paths."""
    model = read_csdl(v4(PLACES), strict=True)
    kind = model.types["N.T"]
    assert isinstance(kind, StructuredType)
    operation: Operation = model.operations["N.F"][0]
    prop_of: Property = kind.own_properties["ID"]
    found = {
        "type": kind,
        "property": prop_of,
        "way": kind.own_navigation["W"],
        "enum": model.types["N.E"],
        "definition": model.type_definitions["N.D"],
        "term": model.terms["N.R"],
        "function": operation,
        "parameter": operation.parameters[0],
        "result": operation.returns,
        "action": model.operations["N.G"][0],
        "set": model.entity_sets["S"],
        "singleton": model.singletons["O"],
        "import": model.imports["I"],
    }
    for text, element in found.items():
        assert model.annotation(element, "X.A") == Constant("String", text)
        assert model.annotation(model.path_of(element), "X.A") == Constant("String", text)
    assert model.annotation("self.C/S", "X.A") == Constant("String", "set")
    assert model.annotation(kind, "X.A", "q") is None
    assert model.annotation(kind, "X.B") is None
    with pytest.raises(KeyError):
        model.path_of(object())


def test_what_is_said_of_all_overloads() -> None:
    builder = ModelBuilder("N")
    builder.function("F", parameters={"a": "Int32"}, returns="Int32")
    builder.function("F", parameters={}, returns="Int32")
    builder.annotate("F", "X.A", "all")
    builder.annotate("F(Edm.Int32)", "X.A", "one")
    builder.annotate("F/a", "X.B", {"x": [1, None, 1.5, Decimal(2)]})
    model = builder.build()
    one, none = model.operations["N.F"]
    assert value_of(model.annotation(one, "X.A")) == "one"
    assert value_of(model.annotation(none, "X.A")) == "all"
    assert value_of(model.annotation(one.parameters[0], "X.B")) == {"x": [1, None, 1.5, Decimal(2)]}
    with pytest.raises(TypeError):
        expression_of(object())


def test_a_term_is_said_once() -> None:
    builder = ModelBuilder("N")
    builder.complex("T", properties={})
    builder.annotate("T", "X.A", 1)
    builder.annotate("T", "X.A", 2, qualifier="q")
    builder.annotate("T", "X.A", 3)
    with pytest.raises(ModelError, match=r"'N\.T' is annotated twice with 'X\.A'\."):
        builder.build()


VOCABULARY_V3 = """
<Schema Namespace="N" Alias="self">
 <EntityType Name="T"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32" Nullable="false">
   <ValueAnnotation Term="X.A" Qualifier="q" String="inside"/></Property>
  <TypeAnnotation Term="X.Person"><PropertyValue Property="Name" Path="ID"/></TypeAnnotation></EntityType>
 <Annotations Target="self.T" Qualifier="p"><ValueAnnotation Term="X.A" DateTime="2000-01-01T00:00:00"/></Annotations>
 <Annotations Target="self.T/ID" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <Annotation Term="X.B"><Record><PropertyValue Property="C" EnumMember="self.E/M"/></Record></Annotation>
 </Annotations>
</Schema>"""


def test_annotations_of_version_3() -> None:
    """Value and type annotations, and those of version 4 that SAP has in its documents, come back as they stand."""
    model = read_csdl(v3(VOCABULARY_V3), strict=True)
    moment = Constant("DateTime", "2000-01-01T00:00:00")
    member = Record((PropertyValue("C", EnumValue("N.E", ("M",))),))
    assert model.annotations == {
        "N.T/ID": (
            Annotation("X.A", Constant("String", "inside"), "q"),
            Annotation("X.B", member, apart="N", borrowed=True),
        ),
        "N.T": (
            Annotation("X.Person", Record((PropertyValue("Name", Path("ID")),), "X.Person")),
            Annotation("X.A", moment, "p", apart="N"),
        ),
    }
    document = write_xml_v3(model)
    assert read_csdl(document, strict=True).annotations == model.annotations
    assert b'<TypeAnnotation Term="X.Person">' in document
    assert b'<Annotations Target="N.T/ID" xmlns="http://docs.oasis-open.org/odata/ns/edm">' in document


FOREIGN = """
<Schema Namespace="N" xmlns:x="http://x">
 <EntityType Name="T" m:FC_TargetPath="SyndicationTitle" m:FC_SourcePath="ID" m:HasStream="true" x:a="1"
  sap:label="T &amp; co">
  <Documentation><Summary>What it is</Summary></Documentation>
  <Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Int32" Nullable="false" annotation:StoreGeneratedPattern="Computed" x:b="2">
   <x:more x:c="3"><x:inner/>text</x:more></Property></EntityType>
</Schema>"""


def test_foreign_attributes_and_elements() -> None:
    model = read_csdl(v3(FOREIGN), strict=True)
    metadata = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
    inner = ForeignElement("http://x", "inner")
    assert model.foreign == {
        "$DataServices": Foreign({f"{metadata} DataServiceVersion": "2.0"}),
        "N.T": Foreign(
            {
                f"{metadata} FC_TargetPath": "SyndicationTitle",
                f"{metadata} FC_SourcePath": "ID",
                "http://x a": "1",
                "http://www.sap.com/x label": "T & co",
            },
            (ForeignElement("Edm", "Documentation", children=(ForeignElement("Edm", "Summary", text="What it is"),)),),
        ),
        "N.T/ID": Foreign(
            {
                "http://schemas.microsoft.com/ado/2009/02/edm/annotation StoreGeneratedPattern": "Computed",
                "http://x b": "2",
            },
            (ForeignElement("http://x", "more", {"http://x c": "3"}, (inner,), "text"),),
        ),
    }
    assert read_csdl(write_xml_v3(model), strict=True).foreign == model.foreign
    # Version 4 has terms for documentation.
    again = read_csdl(write_xml_v4(model), strict=True)
    assert again.foreign == {**model.foreign, "N.T": Foreign(model.foreign["N.T"].attributes)}
    for document in (write_xml_v3(model), write_xml_v4(model)):
        again = read_csdl(document, strict=True)
        assert again.types["N.T"].own_properties["ID"].is_generated  # type: ignore[union-attr]
    left_out: list[str] = []
    write_json(model, left_out=left_out)
    assert len(left_out) == 3


def test_references_come_back() -> None:
    edmx = "http://docs.oasis-open.org/odata/ns/edmx"
    reference = (
        '<edmx:Reference Uri="http://x"><edmx:Include Namespace="X" Alias="x"/>'
        '<edmx:IncludeAnnotations TermNamespace="A" Qualifier="q" TargetNamespace="B"/>'
        f'<Annotation Term="x.A" xmlns="{edmx[:-1]}"/></edmx:Reference>'
    )
    model = read_csdl(v4('<Schema Namespace="N"/>', reference), strict=True)
    wanted = Reference(
        "http://x",
        (Include("X", "x"),),
        (IncludeAnnotations("A", "q", "B"),),
        (Annotation("X.A", Constant("Bool", True)),),
    )
    assert model.references == (wanted,)
    assert read_csdl(write_xml_v4(model), strict=True).references == (wanted,)
    assert read_csdl(write_json(model), strict=True).references == (wanted,)


def test_containers_of_one_name() -> None:
    """Containers of the same name in two namespaces are told apart by their namespaces."""
    schema = '<Schema Namespace="{0}"><EntityType Name="T"><Key><PropertyRef Name="ID"/></Key>'
    schema += '<Property Name="ID" Type="Edm.Int32" Nullable="false"/></EntityType><EntityContainer Name="C">'
    schema += '<EntitySet Name="S" EntityType="{0}.T"/></EntityContainer></Schema>'
    model = read_csdl(v4(schema.format("A") + schema.format("B.C")), strict=True)
    assert {name: found.type.qualified_name for name, found in model.entity_sets.items()} == {
        "S": "A.T",
        "B.C.C.S": "B.C.T",
    }
    assert model.containers == {"B.C.C": "B.C.C"}
    for again in (read_csdl(write_xml_v4(model), strict=True), read_csdl(write_xml_v3(model), strict=True)):
        assert list(again.entity_sets) == ["S", "B.C.C.S"]


def test_defaults_of_optional_parameters() -> None:
    builder = ModelBuilder("N")
    optional = prop("Duration", optional=True, default=None)
    parameters = {"a": prop("Int32", optional=True, default=5), "b": prop("Int32", optional=True), "c": optional}
    builder.function("F", parameters=parameters, returns="Int32")
    for write in (write_xml_v4, write_json):
        model = read_csdl(write(builder.build()), strict=True)
        first, second, third = model.operations["N.F"][0].parameters
        assert [(one.is_optional, bool(one.default)) for one in (second, third)] == [(True, False)] * 2
        assert (first.is_optional, first.default) == (True, 5)


PARAMETERS_V3 = """
<Schema Namespace="N">
 <EntityType Name="T"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32" Nullable="false"/>
 </EntityType>
 <EntityContainer Name="C" m:IsDefaultEntityContainer="true"><EntitySet Name="S" EntityType="N.T"/>
  <FunctionImport Name="A" m:HttpMethod="GET"><Parameter Name="p"><CollectionType ElementType="Edm.Int32"/></Parameter>
   <ReturnType><CollectionType><TypeRef Type="N.T"/></CollectionType></ReturnType></FunctionImport>
  <FunctionImport Name="B" m:HttpMethod="GET"><ReturnType><ReferenceType Type="N.T"/></ReturnType></FunctionImport>
  <FunctionImport Name="Row" m:HttpMethod="GET"><ReturnType><CollectionType><RowType/></CollectionType></ReturnType>
  </FunctionImport>
  <FunctionImport Name="Out" m:HttpMethod="GET" ReturnType="N.T"><Parameter Name="p" Type="Edm.Int32" Mode="Out"/>
  </FunctionImport>
 </EntityContainer>
</Schema>"""


def test_types_as_elements_in_version_3() -> None:
    model = read_csdl(v3(PARAMETERS_V3))
    returns = {name: found.operations[0].returns for name, found in model.imports.items()}
    assert {name: found and found.type_name for name, found in returns.items()} == {"A": "Collection(N.T)", "B": "N.T"}
    assert model.imports["A"].operations[0].parameters[0].type_name == "Collection(Edm.Int32)"
    assert list(model.left_out) == [
        "line 9: Schema N, EntityContainer C, FunctionImport Row, ReturnType, CollectionType, RowType: "
        "A row has a type without a name, which no model of a service has.",
        "line 11: Schema N, EntityContainer C, FunctionImport Out, Parameter p: "
        "The parameter 'p' gives something back, which no OData request can take.",
    ]
    with pytest.raises(ModelError, match="A row has a type without a name"):
        read_csdl(v3(PARAMETERS_V3), strict=True)
