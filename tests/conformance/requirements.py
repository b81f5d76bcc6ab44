# What OData 4.01 demands of services, level by level (Part 1, 13.1), in our own words, and the tests that show it.
# A requirement without tests is a gap, and says why.

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Requirement:
    """One rule of a conformance level. `tests` are functions as `file::name` below tests/."""

    level: str
    number: str
    text: str
    tests: tuple[str, ...] = ()
    gap: str = ""


def _of(level: str, *rows: tuple[str, str, tuple[str, ...] | str]) -> tuple[Requirement, ...]:
    found = []
    for number, text, told in rows:
        gap, tests = (told, ()) if isinstance(told, str) else ("", told)
        found.append(Requirement(level, number, text, tests, gap))
    return tuple(found)


VERSIONS, SURFACE = "service/test_versions.py::", "service/test_surface.py::"
COMPLIANCE, CHANGES = "conformance/test_compliance.py::", "service/test_changes.py::"
WRAPPERS, STREAMS = "service/test_wrappers.py::", "service/test_streams.py::"
MACHINE = "service/test_machine.py::TestMachine"

MINIMAL: Final = _of(
    "minimal",
    ("1", "There is a service document at the root.", (COMPLIANCE + "test_documents",)),
    ("2", "Data comes in a format of OData.", (VERSIONS + "test_one_entity_in_every_version",)),
    ("3", "What is not whole has a link to the rest.", (VERSIONS + "test_pages_join_to_the_whole",)),
    ("4", "Every answer says its version.", (VERSIONS + "test_one_entity_in_every_version",)),
    ("5", "Accept and OData-MaxVersion are minded, or refused.", ("protocol/test_negotiation.py::test_accept",)),
    ("6", "Foreign annotations and custom options disturb nobody.", ("payload/test_json_v4_reading.py::*",)),
    ("7", "A query option is carried out whole, or 501, or 400.", ("query/test_resource_options.py::*",)),
    ("8", "Only types that the metadata has.", ("csdl/test_conversions.py::*",)),
    ("9", "Clients need to know no annotation and no header of ours.", ("clients/test_pyodata.py::*",)),
    ("10", "Updates mean what the protocol says.", (MACHINE, SURFACE + "test_a_collection_is_changed_whole_or_not")),
    ("11", "Nothing else that OData defines is violated.", ("conformance/test_abnf.py::*", MACHINE)),
    ("12", "$expand.", ("query/test_expand.py::*", COMPLIANCE + "test_links_are_expanded")),
    ("13", "Metadata is at $metadata.", (VERSIONS + "test_metadata_in_both_forms",)),
)
UPDATABLE: Final = _of(
    "minimal, updatable",
    ("14", "Edit links, said or by convention.", ("payload/test_links.py::*",)),
    ("15", "POST makes entities.", (VERSIONS + "test_what_each_writes",)),
    ("16", "POST makes related entities.", (VERSIONS + "test_deep_insert", MACHINE)),
    ("17", "POST to $ref adds a reference.", (VERSIONS + "test_links_without_a_constraint", MACHINE)),
    ("18", "PUT to $ref sets the single one.", (MACHINE,)),
    ("19", "PATCH changes entities.", (MACHINE,)),
    ("20", "DELETE removes entities.", (MACHINE,)),
    ("21", "DELETE of $ref removes a reference.", (VERSIONS + "test_links_without_a_constraint", MACHINE)),
    ("22", "If-Match is minded.", (VERSIONS + "test_preconditions", MACHINE)),
    ("23", "What was created has a Location.", (MACHINE, COMPLIANCE + "test_media")),
    ("24", "OData-EntityId with 204 after a creation.", ("service/test_conformance.py::test_entity_id",)),
    ("25", "PATCH and PUT create what is not there.", (VERSIONS + "test_upsert_is_of_version_4",)),
    ("26", "PUT and PATCH of single properties.", ("service/test_conformance.py::test_properties",)),
    ("27", "Deep inserts, where they are taken, are whole.", (VERSIONS + "test_deep_insert",)),
    ("28", "Bodies of 4.01 and of 4.0, both read.", ("payload/test_json_v4_reading.py::*",)),
    ("29", "Collections are changed by deltas.", (SURFACE + "test_a_collection_is_changed_by_its_differences",)),
)
INTERMEDIATE: Final = _of(
    "intermediate",
    ("1", "All of minimal.", tuple([test for row in MINIMAL for test in row.tests])),
    ("2", "Casts to derived types in paths.", (COMPLIANCE + "test_seed",)),
    ("3", "$select.", ("query/test_options.py::*", CHANGES + "test_a_delta")),
    ("4", "$top.", (VERSIONS + "test_pages_join_to_the_whole",)),
    ("5", "/$value of media and of properties.", (STREAMS + "test_content_is_read_as_it_is",)),
    ("6", "$filter, or 501 for parts of it.", (COMPLIANCE + "test_filters",)),
    ("7", "any and all over collections.", ("query/test_evaluate_language.py::*", COMPLIANCE + "test_filters")),
    ("8", "/$ref of related entities.", (VERSIONS + "test_links_without_a_constraint",)),
    ("9", "Single properties by path.", (VERSIONS + "test_reading_in_version_4",)),
    ("10", "$search, or 501.", ("query/test_search.py::*",)),
    ("11", "$skip and $count.", (MACHINE, COMPLIANCE + "test_filters")),
    ("12", "$expand with options.", ("query/test_expand.py::*", MACHINE)),
    ("13", "Metadata in XML.", (VERSIONS + "test_metadata_in_both_forms",)),
)
ADVANCED: Final = _of(
    "advanced",
    (
        "1",
        "All of intermediate, also where one writes.",
        tuple([one for row in UPDATABLE for one in row.tests]),
    ),
    ("2", "Aliases in options and paths.", (SURFACE + "test_parameters_of_functions",)),
    ("3", "Metadata in XML and in JSON.", (VERSIONS + "test_metadata_in_both_forms",)),
    ("4", "/$count of collections.", (COMPLIANCE + "test_filters",)),
    ("5", "$orderby.", (MACHINE, "service/test_paging.py::test_pages_are_the_whole")),
    ("6", "Canonical functions.", ("query/test_functions.py::*",)),
    ("7", "Navigation paths in expressions.", (COMPLIANCE + "test_filters", MACHINE)),
    ("8", "Entities by id.", (SURFACE + "test_entity_by_id",)),
    ("9", "Batches, multipart and JSON.", (VERSIONS + "test_a_change_set_is_done_or_not", MACHINE)),
    ("10", "Cross joins.", (SURFACE + "test_cross_join",)),
    ("11", "All entities.", (SURFACE + "test_all_entities_have_their_type_and_id",)),
    ("12", "Answers that come later.", (WRAPPERS + "test_an_answer_comes_later",)),
    ("13", "Delta links.", (CHANGES + "test_a_delta", CHANGES + "test_all_deltas_add_up")),
    ("14", "Options in the body of a POST to /$query.", (SURFACE + "test_options_in_a_body",)),
    ("15", "Streams in $expand and $select=Photo.", (STREAMS + "test_a_stream_is_expanded",)),
    (
        "16",
        "$index and positions in ordered collections.",
        ("service/test_protocol_401.py::test_an_item_goes_where_it_is_wanted",),
    ),
)
REQUIREMENTS: Final = (*MINIMAL, *UPDATABLE, *INTERMEDIATE, *ADVANCED)
