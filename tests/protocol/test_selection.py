# Which version a request is read in: what real clients send (needs of clients 31, 32), and what the headers demand.

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.errors import BadRequest
from odata_core.protocol.profile import PROFILES
from odata_core.protocol.selection import select_profile
from odata_core.service import Headers

ALL = tuple(PROFILES.values())
NET = {"DataServiceVersion": "1.0;NetFx", "MaxDataServiceVersion": "2.0;NetFx"}
ATOM = "application/atom+xml,application/xml"
VERBOSE = "application/json;odata=verbose"
CASES: list[tuple[str, dict[str, str], str]] = [
    # default, headers -> version
    *[(default, {}, default) for default in PROFILES],
    *[(default, {"Accept": "*/*"}, default) for default in PROFILES],
    *[(default, {"Accept": "application/json"}, default) for default in PROFILES],
    # The .NET client before WCF Data Services 5, whatever the service prefers
    *[(default, {**NET, "Accept": ATOM}, "2.0") for default in PROFILES],
    # pyodata, SAP's SDK: no version, plain JSON
    ("2.0", {"Accept": "application/json"}, "2.0"),
    # SPF's portal and data.js
    ("4.01", {"DataServiceVersion": "3.0", "MaxDataServiceVersion": "3.0"}, "3.0"),
    ("3.0", {"MaxDataServiceVersion": "3.0", "Accept": VERBOSE}, "3.0"),
    # DevExtreme asks a service of version 4 for verbose JSON
    ("4.01", {"Accept": f"{VERBOSE}, text/plain, */*;q=0.01"}, "4.01"),
    ("2.0", {"Accept": f"{VERBOSE}, text/plain, */*;q=0.01"}, "2.0"),
    # UI5 version 4, Power Query
    ("2.0", {"OData-Version": "4.0", "OData-MaxVersion": "4.0", "Accept": "application/json"}, "4.0"),
    ("3.0", {"OData-MaxVersion": "4.01"}, "4.01"),
    ("4.01", {"OData-MaxVersion": "4.0"}, "4.0"),
    ("4.0", {"OData-Version": "4.01"}, "4.01"),
    ("4.01", {"OData-Version": "4.0"}, "4.01"),
    ("3.0", {"OData-Version": "4.0"}, "4.0"),
    ("4.01", {"DataServiceVersion": "1.0"}, "2.0"),
    # Both families: the service's own one counts
    ("4.0", {"OData-MaxVersion": "4.0", "MaxDataServiceVersion": "3.0"}, "4.0"),
    ("3.0", {"OData-MaxVersion": "4.0", "MaxDataServiceVersion": "3.0"}, "3.0"),
    # What only another version can write
    ("4.01", {"Accept": "application/atom+xml"}, "2.0"),
    ("2.0", {"Accept": "application/json;odata.metadata=minimal"}, "2.0"),
    ("2.0", {"Accept": "application/json;odata=nometadata"}, "3.0"),
    ("4.01", {"Accept": "text/html"}, "4.01"),
]


@pytest.mark.parametrize(("default", "headers", "version"), CASES)
def test_what_clients_send(default: str, headers: dict[str, str], version: str) -> None:
    assert str(select_profile(ALL, PROFILES[default], Headers(headers)).version) == version


@pytest.mark.parametrize("name", ["OData-MaxVersion", "MaxDataServiceVersion", "OData-Version", "DataServiceVersion"])
def test_a_version_that_is_none(name: str) -> None:
    default = PROFILES["4.0" if name.startswith("OData") else "3.0"]
    with pytest.raises(BadRequest) as caught:
        select_profile(ALL, default, Headers({name: "four"}))
    assert caught.value.target == name


VERSIONS = st.sampled_from(["1.0", "2.0", "3.0", "4.0", "4.01", "5.0", "0.9", "3.0;x"])


@given(
    st.dictionaries(st.sampled_from(["OData-MaxVersion", "MaxDataServiceVersion", "OData-Version"]), VERSIONS),
    st.sampled_from(list(PROFILES)),
    st.sets(st.sampled_from(list(PROFILES)), min_size=1),
)
def test_a_profile_that_is_spoken(headers: dict[str, str], default: str, offered: set[str]) -> None:
    profiles = [PROFILES[name] for name in PROFILES if name in offered | {default}]
    assert select_profile(profiles, PROFILES[default], Headers(headers)) in profiles
