# The service: Request -> Response. Everything is settled before anything is done: version, resource, operation, options
# and format. Only then the backend is asked, so a request that is refused has changed nothing.

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from ..backend import Backend, Context, Reads
from ..edm import Model, ModelError, Operation
from ..errors import InternalError, NotAcceptable, ODataError
from ..limits import Limits
from ..payload.codec import Reading
from ..payload.errors import write_xml_error
from ..protocol import Exchange, Profile, error_format
from ..protocol.media import XML
from ..protocol.profile import PROFILES
from ..protocol.selection import select_profile
from . import actions, bulk, properties
from .calls import Function
from .documents import show_metadata, show_service
from .messages import Request, Response
from .plan import Action, allowed_methods
from .settling import Settled, Settler, format_option, reader_of
from .unit import Unit, language_of
from .work import Reply, Work, within

log = logging.getLogger("odata")


class Service:
    """Answers requests to one model over one backend.

    `versions` are those that are spoken, and `default_version` is what a request means that names none; `profile` is
    for a service that speaks one only, in its own way. `key_as_segment` offers the convention to clients that ask for
    it. `page_size` is the largest page of a collection. `operations` carry out those of the model (service.calls), and
    `without` are actions that this service does not offer: 501. With `needs_if_match` a write to an entity that has an
    ETag must say If-Match, which the protocol demands and some clients do not do. `limits` bound what a request may
    cost. `prepared` is the number of shapes of queries whose meaning is kept.
    """

    def __init__(
        self,
        model: Model,
        backend: Backend,
        *,
        versions: Iterable[str] = ("2.0", "3.0", "4.0", "4.01"),
        default_version: str | None = None,
        profile: Profile | None = None,
        limits: Limits | None = None,
        key_as_segment: bool = True,
        page_size: int | None = None,
        operations: Mapping[Operation, Function] | None = None,
        needs_if_match: bool = False,
        without: Collection[Action] = (),
        prepared: int = 1_024,
    ) -> None:
        self.model = model
        self.backend = backend
        self.profiles: tuple[Profile, ...] = (profile,) if profile is not None else _profiles(versions)
        self.profile = profile or _default(self.profiles, default_version)
        self.limits = limits or Limits()
        self.key_as_segment = key_as_segment
        self.page_size = page_size
        self.operations = operations or {}
        self.needs_if_match = needs_if_match
        self._settler = Settler(
            model,
            self.profiles,
            self.profile,
            self.limits,
            key_as_segment=key_as_segment,
            without=frozenset(without),
            prepared=prepared,
        )
        self._metadata: dict[tuple[Profile, str], bytes] = {}

    @property
    def max_body(self) -> int:
        """The largest body in bytes that an adapter should read."""
        return self.limits.body_bytes

    def handle(self, request: Request, *, backend: Backend | None = None) -> Response:
        """Answer one request. Every failure becomes an OData error; what is not an ODataError is logged and hidden.

        `backend` stands in for the service's own in this request, such as one that knows who is asking.
        """
        return self.answer(request, backend or self.backend)

    def answer(
        self,
        request: Request,
        backend: Backend,
        session: Reads | None = None,
        references: Mapping[str, str] | None = None,
    ) -> Response:
        """The same within a session that is open already, with what a batch calls its new entities."""
        told: dict[str, str] = {}
        try:
            return self._answer(request, backend, session, references or {}, told)
        except ODataError as error:
            if not isinstance(error, InternalError):
                return self.refuse(request, error, told)
            log.exception("The request failed: %s: %s", request.method, error.message)
        except Exception:  # the last line of defence: no traceback leaves the process
            log.exception("The request failed: %s", request.method)
        return self.refuse(request, InternalError("The service failed to answer this request."), told)

    def refuse(self, request: Request, error: ODataError, told: Mapping[str, str] | None = None) -> Response:
        """The answer for an error, in the format that the client accepts. `told` are headers of the backend."""
        if error.status >= 500:
            log.warning("%s: %s", type(error).__name__, error.message)
        try:
            profile = select_profile(self.profiles, self.profile, request.headers)
        except ODataError:
            profile = self.profile  # the error at hand may be about this very header
        chosen = error_format(profile, request.headers, format_option(request.query))
        body = write_xml_error(error) if chosen.codec is None else chosen.codec.write_error(error)
        headers = [*error.headers, *(told or {}).items()]
        return self._response(error.status, profile, str(chosen.version), chosen.content_type, headers, body)

    def _answer(
        self,
        request: Request,
        backend: Backend,
        session: Reads | None,
        references: Mapping[str, str],
        told: dict[str, str],
    ) -> Response:
        settled = self._settler.settle(request)
        request, exchange, chosen = settled.request, settled.exchange, settled.format
        # What an action reads and writes is its own affair, and may take long.
        writes = settled.planned.is_write and settled.planned.action is not Action.CALL
        context = Context(request.headers, settled.options.custom, told, writes)
        reply = self._run(settled, request, backend, session, references, context)
        version = str(exchange.version_of(chosen if reply.has_body else None, reply.features))
        content_type = None
        if reply.has_body:
            content_type = reply.content_type or (chosen.content_type if chosen is not None else None)
        headers = [*reply.headers, *told.items()]
        if exchange.profile.tells_caches and exchange.method in _SAFE:
            headers += _varies(headers)
        response = self._response(reply.status, exchange.profile, version, content_type, headers, reply.body)
        return response if reply.rest is None else replace(response, rest=reply.rest)

    def _response(
        self,
        status: int,
        profile: Profile,
        version: str,
        content_type: str | None,
        headers: Sequence[tuple[str, str]],
        body: bytes,
    ) -> Response:
        typed = [("Content-Type", content_type)] if content_type is not None else []
        first = ("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff")
        spoken = (profile.version_header, version + profile.version_suffix)
        return Response(status, (*first, *typed, spoken, *headers), body)

    # ------------------------------------------------------------ running

    def _run(
        self,
        settled: Settled,
        request: Request,
        backend: Backend,
        session: Reads | None,
        references: Mapping[str, str],
        context: Context,
    ) -> Reply:
        action, exchange = settled.planned.action, settled.exchange
        if action is Action.SHOW_METADATA:
            assert settled.format is not None, "the metadata document has a format"
            return show_metadata(self.metadata(exchange.profile, settled.format.name), request.headers)
        if action is Action.DESCRIBE:
            allowed = (*allowed_methods(settled.planned.resource, exchange.profile), "OPTIONS")
            return Reply(204, headers=(("Allow", ", ".join(allowed)),), has_body=False)
        if action is Action.SHOW_SERVICE:
            assert settled.format is not None, "the service document has a format"
            return show_service(self.model, request.root, settled.format)
        if action is Action.BATCH:
            from .batch import run_batch  # batches are made of requests to this very service

            return run_batch(self, request, exchange.profile, backend, context)
        work, act = self._work(settled, request), _ACTIONS[action]
        if session is not None:
            return act(work, self._unit(session, exchange, request, references))
        if action is not Action.READ or not settled.planned.resource.is_collection:
            with backend.session(context) as opened:
                return act(work, self._unit(opened, exchange, request, references))
        with ExitStack() as held:  # what is read while it is sent keeps the session
            opened = held.enter_context(backend.session(context))
            reply = act(work, self._unit(opened, exchange, request, references))
            return reply if reply.rest is None else replace(reply, rest=within(held.pop_all(), reply.rest))

    def _work(self, settled: Settled, request: Request) -> Work:
        exchange, planned = settled.exchange, settled.planned
        return Work(
            request=request,
            resource=planned.resource,
            options=settled.options.bound,
            manners=exchange.profile.manners,
            needs_etag=self.needs_if_match and exchange.profile.manners.needs_etag,
            changes_many=exchange.changes_many,
            reading=Reading(self.model, self.limits, request.root),
            codec=None if settled.format is None else settled.format.codec,
            reader=lambda: reader_of(exchange.profile, request),
            method=exchange.method,
            replaces=planned.replaces,
            wishes=exchange.wishes,
            query=request.query,
        )

    def _unit(self, session: Reads, exchange: Exchange, request: Request, references: Mapping[str, str]) -> Unit:
        size, wanted = self.page_size, exchange.wishes.page_size
        if size is None or (wanted is not None and wanted < size):
            size = wanted
        language = language_of(exchange.profile, exchange.key_as_segment)
        operations, root, path = self.operations, request.root, request.path
        return Unit(session, self.model, self.limits, language, root, operations, references, size, path)

    def metadata(self, profile: Profile, name: str = XML.name) -> bytes:
        """The metadata document as a version has it, in the format of that name; rendered once."""
        found = self._metadata.get((profile, name))
        if found is None:
            try:
                found = profile.write_metadata[name](self.model, key_as_segment=self.key_as_segment)
            except ModelError as error:  # the client asked for a version that has no words for the model
                raise NotAcceptable(error.message) from None
            self._metadata[profile, name] = found
        return found


_SAFE: Final = frozenset({"GET", "HEAD"})
# What an answer depends on, for caches (4.01 Part 1, 8.3.8).
_VARIES: Final = ("Vary", "Accept, OData-MaxVersion, MaxDataServiceVersion")
_VARIES_BY_WISH: Final = ("Vary", f"{_VARIES[1]}, Prefer")


def _varies(headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    names = [name for name, _value in headers]
    return () if "Vary" in names else (_VARIES_BY_WISH,) if "Preference-Applied" in names else (_VARIES,)


def _profiles(versions: Iterable[str]) -> tuple[Profile, ...]:
    names = list(versions)
    unknown = next((name for name in names if name not in PROFILES), None)
    if unknown is not None or not names:
        raise ValueError(f"There is no version '{unknown}'; there are {', '.join(PROFILES)}.")
    return tuple([PROFILES[name] for name in names])


def _default(profiles: Sequence[Profile], name: str | None) -> Profile:
    if name is None:
        return profiles[-1]
    found = PROFILES.get(name)
    if found not in profiles or found is None:
        raise ValueError(f"The default version '{name}' is none of those that the service speaks.")
    return found


_ACTIONS: Final[Mapping[Action, Callable[[Work, Unit], Reply]]] = {
    Action.READ: actions.read_resource,
    Action.CREATE: actions.create,
    Action.UPDATE: actions.update,
    Action.UPDATE_MANY: bulk.update_many,
    Action.UPDATE_EACH: bulk.update_each,
    Action.DELETE: actions.delete,
    Action.DELETE_EACH: bulk.delete_each,
    Action.WRITE_PROPERTY: properties.write_property,
    Action.WRITE_LINKS: actions.write_links,
    Action.WRITE_STREAM: actions.change_stream,
    Action.CALL: actions.call_action,
}
