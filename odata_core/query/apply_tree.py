# The bound $apply: each transformation as a value with members instead of names and typed expressions (Data
# Aggregation 4.0, sections 3 and 6). A closed union of frozen classes; walk it with `match` and `assert_never`.

from __future__ import annotations

from collections.abc import Mapping

from ..edm import Operation, Property
from ..records import record
from ..uri.syntax import Search
from .shapes import Added, Shape, Structured
from .tree import Bound, Computed, Dynamic, Follow, Hierarchy, OrderBy, Path, Source, Step, ValueType, Variable

# ------------------------------------------------------------------ aggregation (3.2)


@record
class Measure:
    """`path with method as name`, `expression with method as name`, `path/$count as name`.

    `entities` leads to the entities that are considered, each once (None: the rows themselves); `value` to the values
    of such an entity (None: the entity itself). `method` None counts them.
    """

    name: str
    entities: Path | None
    value: Bound | None
    method: str | None
    type: ValueType | None


@record
class Staged:
    """`... from path with method as name`: the value of `name` in the one row that these steps make (3.2.1.5)."""

    name: str
    steps: tuple[Transform, ...]
    type: ValueType | None


@record
class Aggregate:
    """All rows become one, without identity."""

    items: tuple[Measure | Staged, ...]


@record
class Grouping:
    """A step of what rows are grouped by, and the steps behind it; without any the whole value counts.

    `cast` is the type on which the member is declared, where that is not the type of the row.
    """

    step: Property | Follow | Dynamic
    cast: Step | None = None
    inner: tuple[Grouping, ...] = ()

    @property
    def name(self) -> str:
        return self.step.navigation.name if isinstance(self.step, Follow) else self.step.name


@record
class GroupBy:
    """The rows of each group go through `steps` and get the grouping members; without `steps` one row a group.

    Several groupings come from `rollup` (3.2.3.2): the outputs follow each other.
    """

    groupings: tuple[tuple[Grouping, ...], ...]
    steps: tuple[Transform, ...] | None


@record
class Concat:
    """The outputs of several pipelines, one after the other."""

    branches: tuple[tuple[Transform, ...], ...]


# ------------------------------------------------------------------ subsets and orders (3.3)


@record
class Filter:
    condition: Bound


@record
class Find:
    """`search(...)`"""

    search: Search


@record
class Sort:
    """`orderby(...)`: stable."""

    order: tuple[OrderBy, ...]


@record
class Window:
    """`skip(n)` and `top(n)`."""

    skip: int = 0
    top: int | None = None


@record
class Rank:
    """`topcount(limit,value)` and its five relatives: by `measure` count, sum or percent, from the top or not."""

    name: str
    measure: str
    is_top: bool
    limit: Bound
    value: Bound


# ------------------------------------------------------------------ one to one, and new structures (3.4, 3.5)


@record
class Compute:
    items: tuple[Computed, ...]


@record
class Branch:
    """A pipeline whose output gets a name."""

    steps: tuple[Transform, ...]
    name: str


@record
class AddNested:
    """What `steps[-1]` leads to is transformed and added beside it, where `steps[:-1]` lead; `cast` narrows it."""

    steps: tuple[Step, ...]
    cast: Step | None
    branches: tuple[Branch, ...]


@record
class Join:
    """Each row as often as `step` has items, each with one of them under `name`; `is_outer`: at least once."""

    step: Step
    cast: Step | None
    branch: Branch
    is_outer: bool


@record
class Nest:
    """All rows become one, with the outputs of pipelines as collections."""

    branches: tuple[Branch, ...]


# ------------------------------------------------------------------ recursive hierarchies (6)


@record
class Related:
    """How rows belong to nodes: `path` leads from a row to the identifier of its node, or of several (6.1)."""

    hierarchy: Hierarchy
    path: Path


@record
class Marking:
    """What tells of an output row to which node it belongs (6.2.2, the function sigma).

    `steps` lead to where the node is put: it becomes one with the row where there are none. `is_whole`: the node, not
    only its identifier.
    """

    steps: tuple[Step, ...]
    is_whole: bool


@record
class Relatives:
    """`ancestors` and `descendants`: rows whose nodes are above or below those of the rows that `steps` leave over."""

    name: str
    related: Related
    steps: tuple[Transform, ...]
    distance: int | None = None
    keeps_start: bool = False


@record
class Traverse:
    """`traverse`: rows in the order of their nodes, from the roots on or from the nodes that `starts` leaves over.

    `trail` is the annotation that tells the way from the start, where there may be several to one node.
    """

    related: Related
    marking: Marking
    is_preorder: bool
    starts: tuple[Transform, ...] | None = None
    order: tuple[OrderBy, ...] = ()
    trail: str | None = None


@record
class RollupRecursive:
    """`groupby((rolluprecursive(...),...),...)`: for each node, `steps` over the rows of all its descendants (6.3).

    `variable` is what `rollupnode()` means in these steps.
    """

    related: Related
    marking: Marking
    nodes: tuple[Transform, ...] | None
    steps: tuple[Transform, ...]
    variable: Variable


# ------------------------------------------------------------------ what only some services can do


@record
class CallModel:
    """A function of the model as a transformation (3)."""

    operation: Operation
    arguments: tuple[tuple[str, Bound], ...]


Transform = (
    Aggregate
    | GroupBy
    | Concat
    | Filter
    | Find
    | Sort
    | Window
    | Rank
    | Compute
    | AddNested
    | Join
    | Nest
    | Relatives
    | Traverse
    | RollupRecursive
    | CallModel
)
"""`identity` is no transformation here: it is left out."""


@record
class Applied:
    """A whole $apply: its steps, the shape of the rows that come out, and what can be named in them beside the type.

    `kind` is the type of the rows that go in.
    """

    kind: Structured
    steps: tuple[Transform, ...]
    shape: Shape
    computed: Mapping[str, Added]
    source: Source | None = None

    @property
    def kind_after(self) -> Structured:
        """The type of the rows that come out: that of those that go in, unless a function of the model changed it."""
        return self.shape.kind
