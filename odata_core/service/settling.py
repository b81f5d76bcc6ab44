# Settling: a request is understood whole, or refused, before anything is done: version, resource, what is to be done
# with it, options, and the format of the answer.

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from ..edm import EntityType, Model
from ..edm import primitives as edm
from ..edm.annotations import value_of
from ..edm.capabilities import Capabilities
from ..errors import (
    BadRequest,
    MethodNotAllowed,
    NotFound,
    ODataError,
    PayloadTooLarge,
    UnsupportedMediaType,
    UriTooLong,
)
from ..limits import Limits
from ..payload.codec import Codec
from ..protocol import Exchange, Format, Profile, check_content_type, choose_format, negotiate
from ..protocol.negotiation import DECIDING
from ..protocol.selection import select_profile
from ..query.options import BoundOptions
from ..query.path_binder import PathBinder
from ..query.prepared import PreparedQueries
from ..query.resource import Kind, Resource
from ..query.resource_options import Use
from ..records import record
from ..uri import parse_query, parse_relative, split_query
from ..uri.syntax import Options as Syntax
from ..uri.urls import is_plain
from .messages import Headers, Request
from .options import Given, OptionBinder, Options, given_options
from .plan import Action, Operation, plan

_SCHEMA_VERSION: Final = "Org.OData.Core.V1.SchemaVersion"
_QUERY: Final = "/$query"
_NO_PARAMETERS: Final = Syntax()
_DECIDING: Final = tuple([name.lower() for name in DECIDING])
_MAX_TOLD: Final = 1_000  # characters of headers whose meaning is kept


@record
class Settled:
    """A request that is wholly understood. `format` is None where a success has no body."""

    request: Request
    exchange: Exchange
    planned: Operation
    options: Options
    format: Format | None


@record
class _Done:
    """What is done with a resource, and how the answer is written."""

    action: Action
    replaces: bool
    format: Format | None


class Settler:
    """Understands the requests to one service; what these arguments mean is said there."""

    def __init__(
        self,
        model: Model,
        profiles: Sequence[Profile],
        default: Profile,
        limits: Limits,
        *,
        key_as_segment: bool,
        without: Collection[Action],
        prepared: int,
    ) -> None:
        self.model = model
        self.profiles = profiles
        self.default = default
        self.limits = limits
        self.key_as_segment = key_as_segment
        self.without = without
        self._container = Capabilities(model, model.default_container if model.container else None)
        self._versions = schema_versions(model)
        self._options = OptionBinder(model, limits, PreparedQueries(prepared, limits.text_length))
        self._meanings = PreparedQueries(prepared, limits.text_length)
        self._negotiated = lru_cache(maxsize=256)(self._negotiate)

    def settle(self, request: Request) -> Settled:
        """The request, understood; an ODataError says what is wrong with it."""
        self._check_size(request)
        if request.path.startswith("/"):  # clients put a slash behind a root that ends in one
            request = replace(request, path=request.path.lstrip("/"))
        told = request.headers.chosen(_DECIDING)
        settle = self._negotiated if sum([len(text) for text in told if text]) < _MAX_TOLD else self._negotiate
        exchange = settle(request.method, told)
        profile = exchange.profile
        if request.method == "POST" and request.path.endswith(_QUERY) and "$query" in profile.rules.reserved:
            request = self._with_query(request)
            exchange = replace(exchange, method="GET")
        given = given_options(request.query, profile)
        resource, bound, done = self._meaning(request, exchange, given, told)
        planned = Operation(done.action, resource, done.replaces)
        return Settled(request, exchange, planned, Options(bound, given.custom), done.format)

    def _meaning(
        self, request: Request, exchange: Exchange, given: Given, told: Sequence[str | None]
    ) -> tuple[Resource, BoundOptions, _Done]:
        """What path and options mean, which is found out once for all that differ in literals only."""
        path, grammar = request.path, exchange.profile.grammar
        if given.custom or given.is_odd or given.has_aliases or path.startswith("$entity") or not is_plain(path):
            return self._understand(request, exchange, given)

        def bind(_texts: Mapping[str, str]) -> tuple[Resource, BoundOptions, _Done]:
            return self._understand(request, exchange, given, is_prepared=True)

        return self._meanings.prepare({"": path, **given.system}, grammar, (exchange.method, told), bind).whole()

    def _understand(
        self, request: Request, exchange: Exchange, given: Given, *, is_prepared: bool = False
    ) -> tuple[Resource, BoundOptions, _Done]:
        """The same, the long way. With `is_prepared` the literals of options count behind those of the path."""
        profile, query = exchange.profile, request.query
        resource = self._resource(request, exchange)
        planned = plan(exchange.method, resource, profile, self.without)
        self._check_declared(planned, exchange)
        use = _use(planned, exchange.method)
        if is_prepared and given.system:
            bound = self._options.bind(query, resource, use, profile, base=0)
        else:
            bound = self._options.settle(query, given, resource, use, profile)
        self._check_version(bound.schemaversion)
        if resource.kind is Kind.ENTITY_ID:
            resource = self._by_id(resource, bound, request, exchange)
            planned = replace(planned, resource=resource)
        chosen = _choose(exchange, planned, bound)
        exchange.version_of(chosen)
        return resource, bound, _Done(planned.action, planned.replaces, chosen)

    def _negotiate(self, method: str, told: Sequence[str | None]) -> Exchange:
        """What the headers settle: clients send the same ones again and again."""
        headers = Headers([(name, text) for name, text in zip(DECIDING, told, strict=True) if text is not None])
        profile = select_profile(self.profiles, self.default, headers)
        return negotiate(profile, method, headers, key_as_segment=self.key_as_segment)

    def _check_declared(self, planned: Operation, exchange: Exchange) -> None:
        """What the model says cannot be done with a set is refused like what the protocol has no meaning for."""
        needed, source = _DECLARED.get(planned.action), planned.resource.source
        if needed is None or source is None or planned.resource.prefix:
            return
        if not Capabilities(self.model, source, self._container).allows(*needed):
            raise MethodNotAllowed(
                f"'{source.name}' does not support {exchange.method[:20]} requests: the model declares so.",
                allow=[name for name in ("GET", "HEAD") if name != exchange.method],
            )

    def _check_version(self, wanted: str | None) -> None:
        """There is one version of the schema: the current one, by its name or as `*` (4.01 Part 1, 11.2.12)."""
        if wanted is None or wanted == "*" or wanted in self._versions:
            return
        known = f"It is {' or '.join(self._versions)}." if self._versions else "The model tells none."
        raise NotFound(f"There is no version '{wanted[:50]}' of the schema. {known}", target="$schemaversion")

    def _check_size(self, request: Request) -> None:
        length = len(request.path) + len(request.query)
        if length > self.limits.url_length:
            raise UriTooLong(f"The URL is {length} characters long; the limit url_length is {self.limits.url_length}.")
        if len(request.body) > self.limits.body_bytes:
            raise PayloadTooLarge(f"The body is larger than the limit body_bytes of {self.limits.body_bytes} bytes.")

    def _with_query(self, request: Request) -> Request:
        """POST to /$query: the options are in the body, for those that no URL can hold (4.01 Part 1, 11.2.1)."""
        given = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if given not in ("text/plain", "application/x-www-form-urlencoded"):
            raise UnsupportedMediaType("The options behind /$query are sent as text/plain.", target="Content-Type")
        try:
            text = request.body.decode("utf-8").strip().removeprefix("?")
        except UnicodeDecodeError:
            raise BadRequest("The options behind /$query are no text in UTF-8.") from None
        self.limits.check_length(text)
        query = "&".join([part for part in (request.query, text) if part])
        return replace(request, method="GET", path=request.path.removesuffix(_QUERY), query=query, body=b"")

    def _resource(self, request: Request, exchange: Exchange) -> Resource:
        profile, path = exchange.profile, request.path
        # $entity is nothing without its options (4.01 Part 2, 4.4); those of other paths are read when it is known
        # what they are options of.
        text = f"{path}?{request.query}" if path.startswith("$entity") else path
        url = parse_relative(text, profile.grammar, self.limits, key_as_segment=exchange.key_as_segment)
        return self._binder(exchange).bind(url.path, self._parameters(request.query, profile))

    def _binder(self, exchange: Exchange) -> PathBinder:
        profile = exchange.profile
        return PathBinder(
            self.model, profile.grammar, self.limits, profile.rules, key_as_segment=exchange.key_as_segment
        )

    def _parameters(self, query: str, profile: Profile) -> Syntax:
        """What a query says about the path: aliases, and parameters of service operations of v2 and v3 (implicit
        aliases in 4.01) as they are."""
        if not query:
            return _NO_PARAMETERS
        pairs = split_query(query)
        custom = tuple([pair for pair in pairs if not pair[0].startswith(("$", "@"))])
        if not any(name.startswith("@") for name, _ in pairs):
            return Syntax(custom=custom) if custom else _NO_PARAMETERS
        aliases = "&".join([part for part in query.split("&") if part.startswith(("@", "%40"))])
        told = parse_query(aliases, profile.grammar, self.limits, profile.options)
        return Syntax(aliases=told.aliases, custom=custom, texts=told.texts)

    def _by_id(self, resource: Resource, options: BoundOptions, request: Request, exchange: Exchange) -> Resource:
        """$entity?$id=...: the entity itself, perhaps as one of a derived type (4.01 Part 1, 11.2.9)."""
        if options.id is None:
            raise BadRequest("'$entity' needs the option $id, which says which entity is meant.", target="$id")
        found = self._binder(exchange).bind_entity_id(options.id, request.root)
        if not resource.steps:
            return found
        return replace(found, steps=(*found.steps, *resource.steps), type=resource.type)


def schema_versions(model: Model) -> list[str]:
    """What Core.SchemaVersion says of the model's schemas."""
    schemas = [one for path, one in model.annotations.items() if path.endswith("/$Schema")]
    told = [value_of(one.value) for said in schemas for one in said if one.term == _SCHEMA_VERSION]
    return sorted({text for text in told if isinstance(text, str)})


def reader_of(profile: Profile, request: Request) -> Codec:
    """The codec of a request's body, or 415; 400 where there is none."""
    if not request.body:
        raise BadRequest("The request needs a body with an entity.")
    codec = check_content_type(profile, request.headers.get("Content-Type")).codec
    assert codec is not None, "what can be read has a codec"
    return codec


def format_option(query: str) -> str | None:
    """The value of $format, where the query can be read at all."""
    try:
        return next((value for name, value in split_query(query) if name == "$format"), None)
    except ODataError:
        return None


def _use(planned: Operation, method: str) -> Use:
    """What is done with a resource, as far as options are concerned: `$id` says which link is to go."""
    if planned.action is Action.WRITE_LINKS and method == "DELETE":
        return Use.DELETE
    return _USES.get(planned.action, Use.READ)


_USES: Final[Mapping[Action, Use]] = {
    Action.CREATE: Use.INSERT,
    Action.UPDATE: Use.UPDATE,
    Action.UPDATE_MANY: Use.UPDATE,
    Action.UPDATE_EACH: Use.UPDATE,
    Action.DELETE: Use.DELETE,
    Action.DELETE_EACH: Use.DELETE,
}

_CHANGES: Final = ("UpdateRestrictions", "Updatable")
_DECLARED: Final[Mapping[Action, tuple[str, str]]] = {
    Action.CREATE: ("InsertRestrictions", "Insertable"),
    Action.DELETE: ("DeleteRestrictions", "Deletable"),
    Action.DELETE_EACH: ("DeleteRestrictions", "Deletable"),
    **dict.fromkeys((Action.UPDATE, Action.UPDATE_EACH, Action.WRITE_PROPERTY, Action.WRITE_STREAM), _CHANGES),
}

# What a success of each action is written as: a key of Profile.formats.
_CONTENT: Final[Mapping[Action, str]] = {
    Action.SHOW_SERVICE: "service",
    Action.SHOW_METADATA: "metadata",
    Action.CREATE: "entity",
    Action.UPDATE_MANY: "feed",
    Action.UPDATE_EACH: "feed",
}
_BODILESS: Final = frozenset(
    {
        *(Action.DELETE, Action.DELETE_EACH, Action.WRITE_LINKS, Action.WRITE_STREAM),
        *(Action.BATCH, Action.DESCRIBE),
    }
)
# These give what they changed only to who asks for it; an insert does unless it is asked not to (8.2.8.7).
_ON_REQUEST: Final = frozenset({Action.UPDATE, Action.UPDATE_MANY, Action.UPDATE_EACH, Action.WRITE_PROPERTY})


def _choose(exchange: Exchange, planned: Operation, options: BoundOptions) -> Format | None:
    """The format of the answer's body; None where a success has none: DELETE, an update, an insert on request."""
    wish, resource, action = exchange.return_content, planned.resource, planned.action
    if wish is None and (options.select is not None or options.expand):
        wish = True  # whoever says what of it wants it back (11.4.1.5)
    if action in _BODILESS or (action in _ON_REQUEST and wish is not True):
        return None
    match action:
        case Action.CREATE if wish is False or resource.kind is Kind.PROPERTY:
            return None
        case Action.CALL if (
            wish is False or resource.invocation is None or resource.invocation.operation.returns is None
        ):
            return None
    return choose_format(exchange, _CONTENT.get(action) or _content(resource), options.format)


def _content(resource: Resource) -> str:
    if resource.kind is Kind.COUNT:
        return "count"
    if resource.kind in (Kind.VALUE, Kind.STREAM, Kind.MEDIA):
        return "binary" if resource.type is edm.BINARY else "value"
    if not isinstance(resource.type, EntityType) or resource.kind is Kind.LINKS:
        return "property"
    is_many = resource.is_collection and resource.kind is not Kind.ACTION
    return "feed" if is_many else "entity"
