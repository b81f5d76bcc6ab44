# A service: a model, a backend and a profile behind `handle(request) -> response`. Sans-IO: no sockets, no environ.
# The order of work: settle what the headers say, bind the URL, plan, choose the answer's format, and only then ask
# the backend. The answer is encoded inside the backend's session, so a failure to say it undoes the write.

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from ..backend import Backend, Context
from ..edm import Model
from ..edm import primitives as edm
from ..errors import InternalError, ODataError, PayloadTooLarge, UriTooLong
from ..limits import Limits
from ..payload.errors import write_json_error, write_xml_error
from ..protocol import ODATA_3, Exchange, Format, Profile, choose_format, error_format, negotiate
from ..query.path_binder import PathBinder
from ..query.prepared import PreparedQueries
from ..query.resource_options import Use
from ..uri import parse_relative, split_query
from ..uri.syntax import Options as Syntax
from .dispatch import CONTENT, Work, run
from .messages import Request, Response
from .options import OptionBinder, Options
from .plan import Action, Operation, plan

log = logging.getLogger("odata.service")


class Service:
    """An OData service over a backend.

    `key_as_segment` offers the convention to clients that ask for it by header. `limits` bound what a request may cost.
    `prepared` is the number of shapes of queries whose meaning is kept; 0 keeps none.
    """

    def __init__(
        self,
        model: Model,
        backend: Backend,
        *,
        profile: Profile = ODATA_3,
        limits: Limits | None = None,
        key_as_segment: bool = True,
        prepared: int = 1_024,
    ) -> None:
        self.model = model
        self.backend = backend
        self.profile = profile
        self.limits = limits or Limits()
        self.key_as_segment = key_as_segment
        self._options = OptionBinder(model, profile, self.limits, PreparedQueries(prepared, self.limits.text_length))
        self._metadata = profile.write_metadata(model, key_as_segment=key_as_segment)

    @property
    def max_body(self) -> int:
        """The largest body in bytes that an adapter should read."""
        return self.limits.body_bytes

    def handle(self, request: Request, *, backend: Backend | None = None) -> Response:
        """Answer one request. Every failure becomes an OData error; what is not an ODataError is logged and hidden.

        `backend` stands in for the service's own in this request, such as one that knows who is asking.
        """
        told: dict[str, str] = {}
        try:
            return self._answer(request, backend or self.backend, told)
        except ODataError as error:
            return self.refuse(request, error, told)
        except Exception:  # the last line of defence: no traceback leaves the process
            log.exception("The request failed: %s", request.method)
            return self.refuse(request, InternalError("The service failed to answer this request."), told)

    def refuse(self, request: Request, error: ODataError, told: Mapping[str, str] | None = None) -> Response:
        """The answer for an error, in the format that the client accepts. `told` are headers of the backend."""
        if error.status >= 500:
            log.warning("%s: %s", type(error).__name__, error.message)
        chosen = error_format(self.profile, request.headers, _format_option(request.query))
        body = write_json_error(error) if chosen.metadata else write_xml_error(error)
        headers = [*error.headers, *(told or {}).items()]
        return self._response(error.status, f"{chosen.version};", chosen.content_type, headers, body)

    def _answer(self, request: Request, backend: Backend, told: dict[str, str]) -> Response:
        work = self._settle(request)
        reply = run(work, backend, Context(request.headers, work.options.custom, told))
        chosen = work.format if reply.has_body else None
        version = work.exchange.version_of(chosen)
        content_type = chosen.content_type if chosen is not None else None
        return self._response(reply.status, f"{version};", content_type, [*reply.headers, *told.items()], reply.body)

    def _response(
        self, status: int, version: str, content_type: str | None, headers: Sequence[tuple[str, str]], body: bytes
    ) -> Response:
        typed = [("Content-Type", content_type)] if content_type is not None else []
        first = ("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff")
        return Response(status, (*first, *typed, (self.profile.version_header, version), *headers), body)

    def _settle(self, request: Request) -> Work:
        """Understand the whole request, or refuse it, before anything is done."""
        self._check_size(request)
        exchange = negotiate(self.profile, request.method, request.headers, key_as_segment=self.key_as_segment)
        profile, by_segment = self.profile, exchange.key_as_segment
        url = parse_relative(request.path, profile.grammar, self.limits, key_as_segment=by_segment)
        binder = PathBinder(self.model, profile.grammar, self.limits, profile.rules, key_as_segment=by_segment)
        # Service operations of v2 and v3 take their parameters from the query.
        custom = tuple([pair for pair in split_query(request.query) if not pair[0].startswith(("$", "@"))])
        resource = binder.bind(url.path, Syntax(custom=custom))
        operation = plan(exchange.method, resource, profile.update_verbs)
        options = self._options.settle(request.query, resource, USES[operation.action])
        chosen = _choose(exchange, operation, options)
        exchange.version_of(chosen)
        return Work(request, exchange, self.model, self.limits, operation, options, chosen, self._metadata)

    def _check_size(self, request: Request) -> None:
        length = len(request.path) + len(request.query)
        if length > self.limits.url_length:
            raise UriTooLong(f"The URL is {length} characters long; the limit url_length is {self.limits.url_length}.")
        if len(request.body) > self.limits.body_bytes:
            raise PayloadTooLarge(f"The body is larger than the limit body_bytes of {self.limits.body_bytes} bytes.")


USES: Final[Mapping[Action, Use]] = {
    **dict.fromkeys(Action, Use.READ),
    Action.CREATE: Use.INSERT,
    Action.UPDATE: Use.UPDATE,
    Action.DELETE: Use.DELETE,
}


def _choose(exchange: Exchange, operation: Operation, options: Options) -> Format | None:
    """The format of the answer's body; None where a success has none: DELETE, an update, an insert on request."""
    wish = exchange.return_content
    match operation.action:
        case Action.DELETE:
            return None
        case Action.UPDATE if wish is not True:
            return None
        case Action.CREATE if wish is False:
            return None
        case Action.READ_VALUE if operation.resource.properties[-1].type is edm.BINARY:
            return choose_format(exchange, "binary", options.format)
        case action:
            return choose_format(exchange, CONTENT[action], options.format)


def _format_option(query: str) -> str | None:
    """The value of $format, where the query can be read at all."""
    try:
        return next((value for name, value in split_query(query) if name == "$format"), None)
    except ODataError:
        return None
