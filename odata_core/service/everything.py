# What no single entity set holds: all entities of a service, and all combinations of those of some sets (4.01 Part 2,
# 4.15 and 4.16). Both are rows at hand, so options are carried out in memory.

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

from ..backend import Row
from ..edm import EntitySet, EntityType, Model, Property
from ..edm.primitives import STRING
from ..edm.rows import ID, LINK, TYPE
from ..errors import BadRequest
from ..limits import Limits
from ..payload.links import LinkForm, entity_path
from ..query.relations import Relations
from ..query.resource import CrossJoin, Resource
from ..query.tree import Cast, OrderBy, Path, Source
from .finding import Many


@lru_cache(maxsize=64)
def _any_entity(model: Model) -> EntityType:
    """Edm.EntityType as the type that all entity types of a model derive from."""
    kind = EntityType("Edm", "EntityType", is_abstract=True)
    kind.derived.update({name: one for name, one in model.types.items() if isinstance(one, EntityType)})
    return kind


def all_entities(model: Model, resource: Resource, relations: Relations, root: str, form: LinkForm) -> Many:
    """$all: the entities of all sets and singletons, each with its type and id; behind a type, those of this type."""
    cast = next((step for step in resource.steps if isinstance(step, Cast)), None)
    wanted = None if cast is None else cast.names or {cast.type.qualified_name}
    sources: Sequence[Source] = [*model.entity_sets.values(), *model.singletons.values()]
    rows: list[Row] = []
    for source in sources:
        for row in relations.rows(source):
            name = row.get(TYPE, source.type.qualified_name)
            if wanted is None or name in wanted:
                rows.append({**row, TYPE: name, ID: root + entity_path(source, row, form)})
    kind: Any = _any_entity(model) if cast is None else cast.type
    return Many(kind, rows=rows, identity=_by([ID]))


def combinations(step: CrossJoin, relations: Relations, limits: Limits, root: str, form: LinkForm) -> Many:
    """$crossjoin: what leads to the entities of a combination tells it from all others."""
    rows = Combinations(step, relations, limits, root, form)
    return Many(step.type, rows=rows, identity=_by([one.name + LINK for one in step.sets]))  # type: ignore[arg-type]  # rows are made when they are read


def _by(names: Sequence[str]) -> tuple[OrderBy, ...]:
    """The order by what rows know of themselves beside their properties: texts that no two rows share."""
    return tuple([OrderBy(Path((Property(name, STRING),))) for name in names])


class Combinations:
    """The rows of a cross join, made one after the other: each holds an entity of each set, and links to them."""

    def __init__(self, step: CrossJoin, relations: Relations, limits: Limits, root: str, form: LinkForm) -> None:
        self.sets, self.root, self.form = step.sets, root, form
        self.groups = [relations.rows(one) for one in step.sets]
        self.count = prod([len(group) for group in self.groups])
        if self.count > limits.apply_rows:
            raise BadRequest(
                f"The cross join has {self.count} combinations; the limit apply_rows is {limits.apply_rows}."
            )

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = [one.name for one in self.sets]
        links = [[self._link(one, row) for row in group] for one, group in zip(self.sets, self.groups, strict=True)]
        pairs = [list(zip(group, urls, strict=True)) for group, urls in zip(self.groups, links, strict=True)]
        for combination in product(*pairs):
            row: dict[str, Any] = {}
            for name, (entity, url) in zip(names, combination, strict=True):
                row[name] = entity
                row[name + LINK] = url
            yield row

    def __len__(self) -> int:
        return self.count

    def _link(self, entity_set: EntitySet, row: Row) -> str:
        return self.root + entity_path(entity_set, row, self.form)
