# What the path conventions of each family of versions have: data only. The binder of paths asks here, for no version.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ..errors import BadRequest, NotFound, ODataError
from ..records import record
from ..uri.literals import SEGMENT_READERS
from ..uri.values import VALUE_READERS


@record
class PathRules:
    """One family's conventions."""

    reserved: frozenset[str]  # the segments with a dollar sign
    counts_entities: bool  # whether $count may follow a single entity, whose count is 1
    key_readers: Mapping[str, Callable[[str], Any]]  # bare key values, by type
    implies_keys: bool  # whether a key may leave out what a referential constraint tells (4.01 Part 2, 4.3.3)
    how_to_key: str  # how else than in parentheses a client may write a key, for a message
    has_service_operations: bool  # whether what names an HTTP method takes its parameters from the query
    without_media: type[ODataError] = NotFound  # $value of an entity that has no stream


V2_RULES: Final = PathRules(
    # MS-ODATA 2.2.3.1; URI16 is the count of an entity.
    frozenset({"$metadata", "$batch", "$count", "$value", "$links"}),
    True,
    SEGMENT_READERS,
    False,
    ", or send the header DataServiceUrlConventions: KeyAsSegment",
    True,
)
V3_RULES: Final = replace(V2_RULES, reserved=V2_RULES.reserved | {"$"})
V4_RULES: Final = PathRules(
    frozenset(
        {
            *("$metadata", "$batch", "$entity", "$all", "$crossjoin"),
            *("$count", "$value", "$ref", "$filter", "$each", "$query"),
        }
    ),
    False,
    VALUE_READERS,
    True,
    "",
    False,
    BadRequest,  # 4.01 Part 1, 11.2.3
)
