# Where an expression stands: the type of the row at hand, the set where it lives, and what else has a name there.
# A scope is a value; going into a lambda or into nested options makes a new one. Names are resolved in `members`.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Final

from ..edm import AnyType, Model, NavigationProperty, Property
from ..limits import Limits
from ..records import record
from ..uri.grammars import Grammar
from ..uri.syntax import Node
from .tree import Follow, Source, Variable

# The places of a frame (query.evaluate): the row at hand, and the row that `$it` means where it is another one.
HERE: Final = 0
IT: Final = 1
FIRST_VARIABLE: Final = 4
THESE: Final = FIRST_VARIABLE  # `$these` where it has a name; variables of lambdas come behind it


@record
class Scope:
    """What the binder of one expression knows.

    `kind` is the type of the row at hand, None for a resource without a model (nothing can be named there). `prefix`
    leads from `source` to the row at hand where that lies within another entity: `Address` or `Shop.Manager/Reports`.
    """

    model: Model
    grammar: Grammar
    limits: Limits
    kind: AnyType | None
    source: Source | None = None
    prefix: tuple[str, ...] = ()
    variables: Mapping[str, Variable] = field(default_factory=dict)
    aliases: Mapping[str, Node] = field(default_factory=dict)
    computed: Mapping[str, Property | Follow] = field(default_factory=dict)  # what $compute and $apply added, by name
    alias_texts: Mapping[str, tuple[str, int]] = field(default_factory=dict)  # with the base of their origins

    def inner(self, kind: AnyType | None, source: Source | None, prefix: tuple[str, ...] = ()) -> Scope:
        """The scope of options nested in this one: another row at hand, while `$it` stays the outermost row."""
        variables = dict(self.variables)
        if "$it" not in variables and self.kind is not None:
            variables["$it"] = Variable("$it", IT, self.kind, self.source)
        return replace(self, kind=kind, source=source, prefix=prefix, variables=variables, computed={})

    def with_these(self, kind: AnyType) -> Scope:
        """The same scope with `$these`: all rows, of which the row at hand is one (Data Aggregation 4.0, 3.6)."""
        return self.with_variable(Variable("$these", THESE, kind, self.source, self.prefix, is_collection=True))

    def with_variable(self, variable: Variable) -> Scope:
        """The same scope with one more name."""
        return replace(self, variables={**self.variables, variable.name: variable})

    @property
    def next_index(self) -> int:
        """The place in the frame of the next variable."""
        return max([FIRST_VARIABLE - 1, *(variable.index for variable in self.variables.values())]) + 1


def bound_source(source: Source | None, prefix: tuple[str, ...], navigation: NavigationProperty) -> Source | None:
    """The set or singleton where the targets of a navigation property live; None where the model does not say.

    `prefix` are the complex properties, contained entities and type casts on the way from `source`.
    """
    if source is None:
        return None
    for path in _binding_paths(prefix, navigation.name):
        found = source.bindings.get(path)
        if found is not None:
            return found
        other = source.other_bindings.get(path)
        if other is not None and not isinstance(other, str):
            return other
    return None


def _binding_paths(prefix: tuple[str, ...], name: str) -> list[str]:
    """The ways to write a binding: with all type casts, and without those that are not needed to name the property."""
    full = "/".join((*prefix, name))
    bare = "/".join((*[part for part in prefix if "." not in part], name))
    return [full] if bare == full else [full, bare]
