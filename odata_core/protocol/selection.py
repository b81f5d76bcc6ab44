# Which version a request is read in, of those that a service speaks: by its headers, else by what it accepts, else the
# service's default (4.01 Part 1, 8.1.5 and 8.2.7; 3.0 Protocol, 8.2.3 and 8.2.4).
# Clients rarely say all they could: those of version 2 and 3 often send no version at all, so that what plain JSON
# means is the default's business, and a client that accepts what only another version can write gets that one.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .media import accepted
from .profile import Profile
from .versions import Version, parse_version


def select_profile(offered: Sequence[Profile], default: Profile, headers: Mapping[str, str]) -> Profile:
    """The profile for a request; BadRequest for a version header that names none."""
    families = _families(offered, headers)
    if families:
        family = default.version_header if default.version_header in families else families[0]
        return _by_headers([one for one in offered if one.version_header == family], default, headers)
    accept = headers.get("Accept")
    if accept is None or not accept.strip() or _can_write(default, accept, (*_DATA, "metadata")):
        return default
    return next((one for one in offered if _can_write(one, accept, _DATA, is_sure=True)), default)


def _families(offered: Sequence[Profile], headers: Mapping[str, str]) -> list[str]:
    """The version headers of the families that the request names and the service has."""
    found = [one.version_header for one in offered if one.version_header in headers or one.maximum_header in headers]
    return list(dict.fromkeys(found))


def _by_headers(family: Sequence[Profile], default: Profile, headers: Mapping[str, str]) -> Profile:
    """The highest version up to the client's maximum; without one, the default's if it is of this family."""
    first = family[0]
    given = headers.get(first.maximum_header)
    own = headers.get(first.version_header)
    if given is not None:
        return _highest(family, parse_version(given, first.maximum_header))
    if default in family and (own is None or parse_version(own, first.version_header) <= default.version):
        return default
    if own is not None:
        return _at_least(family, parse_version(own, first.version_header))
    return max(family, key=lambda one: one.version)


def _highest(family: Sequence[Profile], maximum: Version) -> Profile:
    """Where the client's maximum is below everything, the lowest version says so when it cannot answer."""
    spoken = [one for one in family if one.version <= maximum]
    return max(spoken, key=lambda one: one.version) if spoken else min(family, key=lambda one: one.version)


def _at_least(family: Sequence[Profile], version: Version) -> Profile:
    """The lowest version that is not below that of the request's own body."""
    fitting = [one for one in family if one.version >= version]
    return min(fitting, key=lambda one: one.version) if fitting else max(family, key=lambda one: one.version)


_DATA: Final = ("data", "property", "service", "value")


def _can_write(profile: Profile, accept: str, kinds: Sequence[str], *, is_sure: bool = False) -> bool:
    """Whether a range of the header means a format of the profile by name, rather than by a star.

    With `is_sure` its parameters must mean that format, too: one that nobody knows does not ask for another version.
    """
    formats = [one for kind in kinds for one in profile.formats[kind]]
    ranges = [one for one in accepted(accept) if one.quality > 0]
    return any(
        one.matches(form) and (not is_sure or one.parameters.keys() <= {*form.parameters, *_MEANINGLESS})
        for one in ranges
        for form in formats
    )


_MEANINGLESS: Final = ("charset", "type", "odata.streaming")  # for the choice of a version


def version_of_wrappers(headers: Mapping[str, str]) -> str:
    """The version of 4 that answers have which no profile writes: 4.0 for who wants no later one."""
    names = (headers.get("OData-MaxVersion"), headers.get("OData-Version"))
    return next((name.strip() for name in names if name and name.strip() == "4.0"), "4.01")
