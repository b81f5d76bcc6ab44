# Batches: many requests in one, each answered as if it had come alone (3.0 "Batch Processing"; 4.01 Part 1, 11.7).
# The requests of a change set share a session, so all of them are done or none is, and one error stands for the set.
# `$1` at the beginning of a URL is what the request with that Content-ID named or made.

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from ..backend import Backend, Context
from ..errors import BadRequest, InternalError, ODataError, UnsupportedMediaType
from ..payload.batch import BatchAnswer, BatchRequest
from ..payload.batch_json import read_json_batch, write_json_batch
from ..payload.batch_multipart import read_multipart, write_multipart
from ..protocol import Profile
from .messages import Headers, Request, Response
from .work import Reply

if TYPE_CHECKING:
    from .service import Service

LOG = logging.getLogger("odata")

# What a request of a batch has from the batch where it says nothing itself (4.01 Part 1, 11.7.7.1).
_INHERITED = ("odata-version", "odata-maxversion", "dataserviceversion", "maxdataserviceversion", "accept-language")
_READS = frozenset({"GET", "HEAD"})


class _Undone(Exception):  # no error: it ends a session without its writes
    """A change set that failed."""


def run_batch(service: Service, request: Request, profile: Profile, backend: Backend, context: Context) -> Reply:
    """Answer all requests of a batch."""
    content_type = request.headers.get("Content-Type") or ""
    is_json = content_type.lower().partition(";")[0].strip() == "application/json"
    if is_json and not profile.manners.id_in_mime:
        raise UnsupportedMediaType("A batch is sent as multipart/mixed with a boundary.")
    if is_json:
        requests = read_json_batch(request.body, service.limits)
    else:
        requests = read_multipart(request.body, content_type, service.limits)
    goes_on = is_json or not profile.manners.id_in_mime or _continues(request.headers)
    run = _Run(service, request, backend, context, requests, answers_all=is_json)
    if profile.manners.id_in_mime:
        run.inherit_formats()
    answers = list(run.answers(goes_on=goes_on))
    if is_json:
        return Reply(200, write_json_batch(answers), content_type="application/json")
    boundary = secrets.token_hex(8)
    body = write_multipart(answers, boundary, id_in_mime=profile.manners.id_in_mime)
    kind = f"multipart/mixed; boundary=batchresponse_{boundary}"
    return Reply(profile.manners.batch_status, body, content_type=kind)


def _continues(headers: Mapping[str, str]) -> bool:
    """Whether the client wants the rest after an error; before version 4 it always does (11.7.2)."""
    wish = headers.get("Prefer") or ""
    names = [item.strip().lower().removeprefix("odata.") for item in wish.split(",")]
    return any(name in ("continue-on-error", "continue-on-error=true") for name in names)


class _Run:
    """One batch while it runs: what its requests have made so far, and which of them went well.

    With `answers_all` each request of a change set that failed has an answer, rather than one for all of them (4.01
    JSON Format, 19.6).
    """

    def __init__(
        self,
        service: Service,
        outer: Request,
        backend: Backend,
        context: Context,
        requests: Sequence[BatchRequest],
        *,
        answers_all: bool,
    ) -> None:
        self.service = service
        self.outer = outer
        self.backend = backend
        self.context = context
        self.requests = requests
        self.answers_all = answers_all
        self.references: dict[str, str] = {}
        self.failed: set[str] = set()
        self.inherited = {name: outer.headers[name] for name in _INHERITED if name in outer.headers}

    def inherit_formats(self) -> None:
        """What the batch accepts its requests accept, too, but for the formats of batches (4.01 Part 1, 8.2.1)."""
        ranges = [one.strip() for one in (self.outer.headers.get("Accept") or "").split(",")]
        kept = [one for one in ranges if one and not one.lower().startswith("multipart/")]
        if kept:
            self.inherited["accept"] = ", ".join(kept)

    def answers(self, *, goes_on: bool) -> Iterator[BatchAnswer]:
        for group, members in groupby(self.requests, lambda one: one.group):
            several = list(members)
            found = self._each(several) if group is None else self._change_set(group, several)
            for answer in found:
                yield answer
                if answer.status >= 400 and not goes_on:
                    return

    def _each(self, requests: Sequence[BatchRequest]) -> Iterator[BatchAnswer]:
        for one in requests:
            yield self._answered(one, self._run(one, None, self.references), None)

    def _change_set(self, group: str, requests: Sequence[BatchRequest]) -> list[BatchAnswer]:
        """All answers of a change set; where it failed, the one that made it fail, or that and those of the others."""
        known, found = dict(self.references), []
        try:
            with self.backend.session(replace(self.context, writes=True)) as session:
                for one in requests:
                    response = self._run(one, session, known)
                    if response.status >= 400:
                        found = self._failed(requests, one, response, group)
                        raise _Undone
                    found.append(self._answered(one, response, group, known))
        except _Undone:
            self.failed |= {group, *[one.id for one in requests if one.id is not None]}
        except ODataError as error:
            self.failed.add(group)
            return self._failed(requests, requests[-1], self.service.refuse(self.outer, error), group)
        else:
            self.references = known
        return found

    def _failed(
        self, requests: Sequence[BatchRequest], culprit: BatchRequest, response: Response, group: str
    ) -> list[BatchAnswer]:
        if not self.answers_all:
            return [self._answered(culprit, response, None)]
        error = FailedDependency(f"The request '{culprit.id}' of the same group failed, so nothing of it was done.")
        others = self.service.refuse(self.outer, error)
        return [self._answered(one, response if one is culprit else others, group) for one in requests]

    def _run(self, one: BatchRequest, session: object, references: dict[str, str]) -> Response:
        try:
            failed = next((name for name in one.depends_on if name in self.failed), None)
            if failed is not None:
                raise FailedDependency(f"The request '{failed}', on which this one depends, failed.")
            if one.is_conditional:
                raise FailedDependency("Conditions on other requests are not supported, so this one was not done.")
            if one.group is not None and one.method in _READS and not one.id:
                raise BadRequest("A change set holds no requests that only read.")
            inner = self._inner(one, references)
        except ODataError as error:
            return self.service.refuse(self.outer, error)
        response = self.service.answer(inner, self.backend, session, references)  # type: ignore[arg-type]
        try:
            return response.whole()  # nothing of it is sent yet, so that what fails late is an error like any other
        except Exception:
            LOG.exception("A request of a batch failed: %s", one.method)
            return self.service.refuse(self.outer, InternalError("The service failed to answer this request."))

    def _inner(self, one: BatchRequest, references: Mapping[str, str]) -> Request:
        path, _, query = self._path(one.url, references).partition("?")
        if path.strip("/") == "$batch":
            raise BadRequest("A request of a batch is no batch itself.")
        headers = Headers.of_folded({**self.inherited, **{name.lower(): text for name, text in one.headers.items()}})
        return Request(one.method, self.outer.root, path, query, headers, one.body, self.outer.remote)

    def _path(self, url: str, references: Mapping[str, str]) -> str:
        """What follows the service root: URLs are absolute, relative to host or root, or begin with a reference."""
        root = self.outer.root
        first, slash, rest = url.partition("/")
        name, mark, query = first.partition("?")
        if name.startswith("$") and name in references:
            url = references[name] + (slash + rest if not mark else mark + query + slash + rest)
        if url.startswith(root):
            return url[len(root) :]
        start = root.find("/", root.find("://") + 3)
        mount = root[start:]
        if "://" in url.partition("?")[0]:
            behind = url.find("/", url.find("://") + 3)
            url = url[behind:] if behind >= 0 else "/"
        if url.startswith("/"):
            if not f"{url}/".startswith(mount):
                raise BadRequest(f"'{url[:200]}' is not within this service.")
            return url[len(mount) :]
        return url

    def _answered(
        self, one: BatchRequest, response: Response, group: str | None, known: dict[str, str] | None = None
    ) -> BatchAnswer:
        if one.id is not None:
            references = self.references if known is None else known
            if response.status >= 400:
                self.failed.add(one.id)
            else:
                location = response.header("Location")
                references[f"${one.id}"] = location or self.outer.root + self._path(one.url, references)
        return BatchAnswer(response.status, response.headers, response.body, one.id, group)


class FailedDependency(ODataError):
    """What a request of a batch depends on failed (RFC 4918, 11.4)."""

    status = 424
