# One request's tools over one session of the backend: what finds, lists, writes and calls. All of them share the rows
# that were read, so that a set that several expressions lead to is read once.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

from ..backend import Reads
from ..backend.completion import relations_of
from ..edm import Model, Operation
from ..edm.rows import BIND
from ..errors import BadRequest, NotFound, ODataError
from ..limits import Limits
from ..payload.links import LinkForm
from ..protocol import Profile
from ..query.path_binder import PathBinder
from ..query.path_rules import PathRules
from ..query.relations import Relations
from ..query.resource import CrossJoin, Kind, Resource
from ..query.tree import Cast, Follow
from ..records import record
from ..uri import Grammar, parse_relative
from .calls import Caller, Function
from .everything import all_entities, combinations
from .finding import Finder, One, Place
from .listing import Lister
from .writing import Writer


@record
class Language:
    """How a client writes URLs, which references in bodies are read by."""

    grammar: Grammar
    rules: PathRules
    links: LinkForm
    key_as_segment: bool = False


@lru_cache(maxsize=64)
def language_of(profile: Profile, key_as_segment: bool) -> Language:
    """The language of a version."""
    return Language(profile.grammar, profile.rules, profile.links, key_as_segment)


@dataclass(slots=True)
class Unit:
    """A session and everything that works in it. `references` are the URLs that a batch gives names such as `$1`."""

    session: Reads
    model: Model
    limits: Limits
    language: Language
    root: str
    operations: Mapping[Operation, Function] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    page_size: int | None = None
    path: str = ""  # of the request, which URLs such as `../Products(1)` start from
    relations: Relations = field(init=False)
    finder: Finder = field(init=False)
    caller: Caller = field(init=False)

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Forget what was read: after a write, rows are others."""
        self.relations = relations_of(self.session)
        self.relations.operations = self.operations
        self.caller = Caller(self.operations, self.session, self.relations)
        # None of these refers back to who uses it: what a request leaves behind goes with its last reference.
        self.finder = Finder(self.session, self.language.grammar, self.relations, self.caller.function)

    def place_of(self, resource: Resource) -> Place:
        """Where a path leads, $all and $crossjoin among them."""
        first = resource.steps[0] if resource.steps else None
        if resource.kind is Kind.ALL or isinstance(first, Cast):
            return all_entities(self.model, resource, self.relations, self.root, self.language.links)
        if isinstance(first, CrossJoin):
            many = combinations(first, self.relations, self.limits, self.root, self.language.links)
            return self.finder.follow(resource.steps[1:], many) or many
        return self.finder.find(resource)

    @property
    def lister(self) -> Lister:
        return Lister(self.session, self.relations, self.limits, self.page_size)

    @property
    def writer(self) -> Writer:
        return Writer(self.session, self.finder, self.model, self.resolve)

    def resolve(self, url: str) -> One:
        """The entity that a URL in a body names: absolute, relative to the root, or `$1` of the same change set."""
        resource = self._resource_of(url)
        if resource.kind is not Kind.ENTITY:
            raise BadRequest(f"'{url[:200]}' names {resource.kind.value}, and an entity is expected.")
        try:
            return self.finder.one(resource)
        except NotFound as error:
            raise BadRequest(f"The entity '{url[:200]}' does not exist: {error.message}") from None

    def without_own_links(self, place: One, given: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent for an entity that is there, less the links that only repeat where its own relations lead.

        Whoever changes an entity may send all that was read, and there `Products(1)/Category` stands for what is behind
        the property, whatever and however many it is, rather than for something to bind.
        """
        return {name: value for name, value in given.items() if not self._is_own_link(place, name, value)}

    def _is_own_link(self, place: One, name: str, value: Any) -> bool:
        navigation = place.entity_type.navigation.get(name.removesuffix(BIND)) if name.endswith(BIND) else None
        url = value[0] if isinstance(value, list) and len(value) == 1 else value
        if navigation is None or not isinstance(url, str):
            return False
        steps = self._resource_of(url).steps
        last = steps[-1] if steps else None
        if not isinstance(last, Follow) or last.navigation is not navigation:
            return False
        try:
            owner = self.finder.follow(steps[:-1])
        except NotFound:
            return False
        return isinstance(owner, One) and owner.is_same(place)

    def _resource_of(self, url: str) -> Resource:
        """What a URL in a body names."""
        path = self._path_of(url)
        language = self.language
        try:
            parsed = parse_relative(path, language.grammar, self.limits, key_as_segment=language.key_as_segment)
            binder = PathBinder(
                self.model, language.grammar, self.limits, language.rules, key_as_segment=language.key_as_segment
            )
            return binder.bind(parsed.path)
        except ODataError as error:
            raise BadRequest(f"'{url[:200]}' is no URL of an entity here: {error.message}", target=url[:200]) from None

    def _path_of(self, url: str) -> str:
        """What follows the service root in a URL."""
        name, slash, rest = url.partition("/")
        if name.startswith("$") and name in self.references:
            url = self.references[name] + slash + rest
        elif name in (".", ".."):  # 4.01 Part 2, 4.4; what starts with a name is taken from the root
            url = urljoin(self.root + self.path, url)
        if url.startswith(self.root):
            return url[len(self.root) :]
        mount = self.root[self.root.find("/", self.root.find("://") + 3) :]
        if url.startswith("/"):
            if not url.startswith(mount):
                raise BadRequest(f"'{url[:200]}' is not within this service.")
            return url[len(mount) :]
        if "://" in url:
            raise BadRequest(f"'{url[:200]}' is not within this service, whose root is {self.root}")
        return url.partition("?")[0]
