# Bound query options: what a request asks of a resource, by members and types. The same value for all versions: paths
# of v2 and v3 through navigation properties (`$select=Nav/Name&$expand=Nav`) come out as the nested options of v4.
# How text becomes this is said in `option_binder`; what it means to a payload or a backend is not said here.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from enum import Enum
from typing import NoReturn

from ..edm import Property
from ..errors import BadRequest, NotImplementedHere
from ..records import record
from ..uri.syntax import Search
from .apply_tree import Applied
from .binder import Binder
from .scope import Scope
from .tree import Bound, Cast, Computed, Dynamic, Follow, OrderBy, Step

Member = Property | Follow | Dynamic


@record
class SelectedOperation:
    """An action or function by its qualified name; `parameters` pick one overload."""

    name: str
    parameters: tuple[str, ...] | None = None


@record
class Selected:
    """A member that $select names. `cast` is the derived type on which it is declared.

    `selection` says which members of a complex value are wanted, None for the whole value. `options` filter, sort and
    page a collection. A navigation property stands for its link; its entities are a matter of $expand.
    """

    member: Member
    cast: Cast | None = None
    selection: Selection | None = None
    options: BoundOptions | None = None

    @property
    def name(self) -> str:
        return self.member.navigation.name if isinstance(self.member, Follow) else self.member.name


@record
class Selection:
    """What $select asks of one structured value.

    `everything`: all structural properties, declared and dynamic. `links`: all navigation links as well, as `*` of v2
    and v3 means it. `schemas` are namespaces all of whose operations are wanted.
    """

    everything: bool = False
    links: bool = False
    members: tuple[Selected, ...] = ()
    operations: tuple[SelectedOperation, ...] = ()
    schemas: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()


class Form(Enum):
    """In which form expanded things are included."""

    ENTITIES = "entities"
    REFERENCES = "$ref"
    COUNT = "$count"
    STREAM = "stream"
    MEDIA = "$value"


@record
class Expansion:
    """What $expand includes: behind `path` (complex properties and type casts) the member `step`, narrowed by `cast`.

    `step` is None for the media stream of the entity itself. With `levels` above 1 the same expansion applies to the
    expanded entities again, that many times in all.
    """

    step: Follow | Property | None
    path: tuple[Step, ...] = ()
    cast: Cast | None = None
    form: Form = Form.ENTITIES
    options: BoundOptions = field(default_factory=lambda: BoundOptions())
    levels: int = 1

    @property
    def name(self) -> str:
        if self.step is None:
            return "$value"
        return self.step.navigation.name if isinstance(self.step, Follow) else self.step.name


@record
class BoundOptions:
    """The query options of a resource, or of an expanded or selected member.

    They apply in this order: apply, compute, search, filter, count, order, skip, top; then select and expand shape what
    is left (4.01 Part 1, 11.2.1). `select` None: $select was not given.
    """

    apply: Applied | None = None
    compute: tuple[Computed, ...] = ()
    search: Search | None = None
    filter: Bound | None = None
    count: bool = False
    order: tuple[OrderBy, ...] = ()
    skip: int | None = None
    top: int | None = None
    select: Selection | None = None
    expand: tuple[Expansion, ...] = ()
    skiptoken: str | None = None
    deltatoken: str | None = None
    format: str | None = None
    id: str | None = None
    index: int | None = None
    schemaversion: str | None = None
    custom: tuple[tuple[str, str], ...] = ()


# ------------------------------------------------------------------ where options stand


@record
class Level:
    """Where options are bound: their scope, how many levels of $expand lie above, and what positions count in.

    `texts` has the text of each outermost option, and what its first character counts as among the origins of
    literals; options in parentheses are parts of the text `around` them.
    """

    scope: Scope
    depth: int = 0
    texts: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    around: tuple[str, int] = ("", 0)

    def at(self, option: str) -> Level:
        """The level of one option's parts."""
        return replace(self, texts={}, around=self.texts.get(option, self.around))

    def within(self, scope: Scope, levels: int = 0) -> Level:
        """The level of options in parentheses."""
        return Level(scope, self.depth + levels, {}, self.around)

    def binder(self) -> Binder:
        text, base = self.around
        return Binder(self.scope, text, base=base)

    def fail(self, message: str, position: int) -> NoReturn:
        raise BadRequest(message, text=self.around[0], position=position)

    def unsupported(self, message: str, position: int) -> NoReturn:
        raise NotImplementedHere(message, text=self.around[0], position=position)
