# Associations of version 3 by the names that a document gives them. What they mean stands on navigation properties;
# names, roles and the multiplicity of ends that nobody navigates from are kept so that the document comes back.

from __future__ import annotations

from ..records import record


@record
class AssociationEnd:
    """One side: how many entities of a type stand there; the type is qualified."""

    role: str
    type: str
    multiplicity: str
    on_delete: str | None = None


@record
class AssociationSet:
    """Where the entities of both ends live; the container is qualified, sets are called as in the model."""

    container: str
    name: str
    sets: tuple[str, str]


@record
class NamedAssociation:
    """Two ends. `equal` pairs properties of the first with those of the second that are equal; `principal` is the end
    (0 or 1) whose key they are. `ways` has the paths of navigation properties by the end where they start.
    """

    name: str
    ends: tuple[AssociationEnd, AssociationEnd]
    equal: tuple[tuple[str, str], ...] = ()
    principal: int = 0
    ways: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    sets: tuple[AssociationSet, ...] = ()
