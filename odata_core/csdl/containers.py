# Entity containers: which one a model is about, what each takes over from others, and how their children are named.
# All versions share this: v3 has several containers in a service, v4 one, which may extend that of another document.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..edm import ModelBuilder
from ..records import record
from .markup import Element, Misread
from .scope import Scope


@record
class Container:
    """One container. Children of the default container have bare names, those of others `Container.Name`.

    `prefix` is the name of another container, qualified where several have the same.
    """

    scope: Scope
    element: Element
    is_default: bool
    prefix: str = ""

    @property
    def name(self) -> str:
        return self.element.attributes["Name"]

    @property
    def qualified_name(self) -> str:
        return self.scope.own(self.name)

    @property
    def extends(self) -> str | None:
        """The qualified name of the container that this one extends."""
        name = self.element.attributes.get("Extends")
        if name is None:
            return None
        return self.scope.qualified(name) if "." in name else self.scope.own(name)

    def named(self, name: str) -> str:
        """What the model calls a child of this container."""
        return name if self.is_default else f"{self.prefix or self.name}.{name}"


Containers = Mapping[str, Container]  # by qualified name
Schemas = Sequence[tuple[Scope, Element]]
Declare = Callable[[Scope, Element], None]


@record
class Reading:
    """How the versions of a family read: what declares each element of a schema, and what declares a container."""

    rows: Mapping[str, tuple[Declare, ...]]
    declare_container: Callable[[Container, Containers], None]
    finish: Callable[[ModelBuilder], None] = lambda _builder: None


def children(container: Container, containers: Containers) -> Iterator[tuple[Scope, Element]]:
    """The children of a container, those of the containers that it extends first (section 13.1), in their scopes."""
    chain: dict[str, Container] = {}
    current: Container | None = container
    while current is not None:
        if current.qualified_name in chain:
            raise Misread(current.element, "The container extends itself.")
        chain[current.qualified_name] = current
        current = _extended(current, containers)
    for link in reversed(chain.values()):
        for child in link.element.children:
            if child.namespace == link.element.namespace:
                yield link.scope, child


def _extended(container: Container, containers: Containers) -> Container | None:
    if container.extends is None:
        return None
    found = containers.get(container.extends)
    if found is None:
        raise Misread(container.element, f"There is no container '{container.extends}' to extend.")
    return found


def set_name(container: Container, containers: Containers, scope: Scope, path: str) -> str:
    """What the model calls the entity set or singleton that a path means.

    A path may begin with the qualified name of a container (section 13.4.1). Names of the container itself and of
    one that it extends mean the same children. Olingo writes `Namespace.Set` for a set of the container.
    """
    first, slash, rest = path.partition("/")
    if not slash:
        return container.named(scope.qualified(first).removeprefix(f"{container.scope.namespace}."))
    if "." not in first:
        return container.named(scope.path(path))
    other = containers.get(scope.qualified(first))
    if other is None:
        return scope.path(path)
    extended: Container | None = container
    for _ in range(len(containers)):
        if extended is None or extended is other:
            break
        extended = _extended(extended, containers)
    return (container if extended is other else other).named(scope.path(rest))
