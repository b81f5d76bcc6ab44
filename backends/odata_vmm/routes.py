# The addresses of the VMM service: which part of a raw path is the service root, and whose subscription it names.
# Portals and clients know several forms; all of them name the tenant by the GUID of its subscription.
# The tenant-less form of SPF, which returns everything, is left out: here nobody is served without a role.

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_GUID = r"(?P<subscription>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_SVC = r"Microsoft\.Management\.Odata\.svc"

# `vmm` and `VMM` both occur, so all of it is matched in any case.
_ROUTES: Final = tuple(
    re.compile(pattern + r"(?:/+|$)", re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"{_GUID}/services/systemcenter/vmm(?:/{_SVC})?",  # Windows Azure Pack, short and long
        rf"{_GUID}/services/systemcenter/SC2012(?:R2)?/vmm/{_SVC}",
        rf"SC2012(?:R2)?/VMM/{_GUID}/{_SVC}",  # Service Provider Foundation itself
    )
)


@dataclass(frozen=True, slots=True)
class Route:
    """A path taken apart: the service root as the client wrote it, its subscription, and the rest."""

    root: str
    subscription: UUID
    rest: str


def find_route(path: str) -> Route | None:
    """The route of a raw path without its leading slash; None when it leads to no VMM service."""
    for pattern in _ROUTES:
        match = pattern.match(path)
        if match is not None:
            root = match[0].rstrip("/") + "/"
            return Route(root, UUID(match["subscription"]), path[match.end() :])
    return None


def tenant_root(subscription: UUID) -> str:
    """The usual root of a subscription, below the server's own."""
    return f"{subscription}/services/systemcenter/vmm/"
