# What a document says beyond the meaning of its model, on its way into the model: a reader fills it in, the linker
# hands it on as it is.

from __future__ import annotations

from dataclasses import dataclass, field

from .annotations import Annotation, Foreign, Reference
from .associations import NamedAssociation


@dataclass(slots=True)
class Kept:
    """See the fields of the same names in `Model`. All names are qualified."""

    annotations: dict[str, dict[tuple[str, str], Annotation]] = field(default_factory=dict)  # target -> term, qualifier
    foreign: dict[str, Foreign] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    schemas: tuple[str, ...] = ()
    containers: dict[str, str] = field(default_factory=dict)
    extends: str = ""
    inherited: frozenset[str] = frozenset()
    associations: tuple[NamedAssociation, ...] = ()
    location: str = ""  # of the container, or where there is none of the schema

    def annotate(self, target: str, annotation: Annotation) -> bool:
        """Keep an annotation of the element behind a path; False where that has the same term already."""
        said = self.annotations.setdefault(target, {})
        return said.setdefault((annotation.term, annotation.qualifier), annotation) is annotation
