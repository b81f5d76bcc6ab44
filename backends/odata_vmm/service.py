# The VMM service: addresses and callers in front of a generic service, entity sets with a life of their own behind it.
# Every request is tied to the user role of the subscription in its URL before anything else happens.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import tzinfo
from threading import Event
from typing import Final
from uuid import UUID, uuid4

from dateutil.tz import tzlocal

from odata_core.backend import Answer, Backend, Context, Key, Query, Reads, Row, Source
from odata_core.errors import Forbidden, NotFound
from odata_core.limits import Limits
from odata_core.protocol import ODATA_3
from odata_core.query.tree import equalities
from odata_core.service import Request, Response, Service
from odata_core.service.plan import Action

from .caller import ADMINISTRATOR, Caller, principal_of
from .checkpoints import CheckpointSet
from .drivers.contract import Driver
from .jobs import open_jobs, remember_jobs
from .machines import MachineSet
from .model import vmm_model
from .recovery import recover
from .roles import JobSet, RoleSet
from .routes import find_route
from .sets import Clouds, ReadOnlySet, check_texts
from .unit import Site, Unit

SETS: Final[Mapping[str, type[ReadOnlySet]]] = {
    "Clouds": Clouds,
    "Jobs": JobSet,
    "UserRoles": RoleSet,
    "VMCheckPoints": CheckpointSet,
    "VirtualMachines": MachineSet,
}


_NOBODY: Final[Row] = {"ID": UUID(int=0), "Name": "the service", "UserRoleProfile": ADMINISTRATOR}


class VmmSession:
    """One request's reads and writes, as the core asks for them."""

    writes_related = False

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def _set(self, entity_set: Source) -> ReadOnlySet:
        return SETS.get(entity_set.name, ReadOnlySet)(self.unit, entity_set.name)

    def get(self, entity_set: Source, key: Key) -> Row | None:
        return self._set(entity_set).get(key)

    def select(self, query: Query) -> Answer:
        return Answer(self._set(query.entity_set).rows(equalities(query.filter)))

    def insert(self, entity_set: Source, values: Row) -> Row:
        check_texts(values)
        return self._set(entity_set).insert(values)

    def update(self, entity_set: Source, key: Key, values: Row, *, replace: bool) -> Row:
        """PUT is no different from MERGE for SPF's types (spf 10, item 2)."""
        check_texts(values)
        return self._set(entity_set).update(key, values)

    def delete(self, entity_set: Source, key: Key) -> None:
        self._set(entity_set).delete(key)


@dataclass(frozen=True, slots=True)
class TenantBackend:
    """The site as one caller sees it."""

    site: Site
    caller: Caller

    @contextmanager
    def session(self, context: Context) -> Iterator[Reads]:
        """A driver cannot undo, so a session commits as it goes: each write is one driver call, recorded as a job."""
        yield VmmSession(Unit(self.site, self.caller, context))


class VmmService:
    """The SPF VMM service over any driver and any store.

    `stamp` is the GUID by which clients know the driver's hosts; `stamps` has further drivers by theirs. The store
    holds at least the user roles: a subscription without one is refused. `zone` is that of the times in answers, the
    machine's own by default.
    """

    def __init__(
        self,
        *,
        driver: Driver | None = None,
        store: Backend,
        stamp: UUID | None = None,
        stamps: Mapping[UUID, Driver] | None = None,
        zone: tzinfo | None = None,
        limits: Limits | None = None,
    ) -> None:
        model = vmm_model()
        drivers = dict(stamps or {})
        if driver is not None and stamp is not None:
            drivers = {stamp: driver, **drivers}
        if not drivers:
            raise TypeError("A service needs a driver and the GUID of its stamp, or several of them as stamps.")
        self.site = Site(model, drivers, store, zone or tzlocal())
        self.closing = Event()
        remember_jobs(self._own_unit())
        self._left_open = [row["ID"] for row in open_jobs(self._own_unit())]
        # A driver cannot undo, so there are no change sets; its calls are about whole machines and checkpoints.
        parts = (Action.BATCH, Action.WRITE_PROPERTY, Action.WRITE_LINKS)
        self.service = Service(model, store, profile=ODATA_3, limits=limits, without=parts)

    def _own_unit(self) -> Unit:
        """What the service does by itself, in nobody's name."""
        return Unit(self.site, Caller(_NOBODY, "the service"), Context())

    def recover(self) -> list[UUID]:
        """Find out what became of the jobs that an earlier process left open, and end them.

        The jobs whose hosts cannot be asked yet stay open: their ids are returned, and the next call goes on with them.
        Requests may be answered meanwhile.
        """
        self._left_open = recover(self._own_unit(), self._left_open)
        return list(self._left_open)

    def close(self) -> None:
        """Wait for jobs that run, and let go of hosts and the store."""
        self.closing.set()
        self.site.workers.close()
        for driver in self.site.stamps.values():
            driver.close()
        close = getattr(self.site.store, "close", None)
        if close is not None:
            close()

    @property
    def max_body(self) -> int:
        return self.service.max_body

    def handle(self, request: Request) -> Response:
        """Answer one request below any of the service's roots."""
        response = self._answer(request)
        return replace(response, headers=(*response.headers, ("request-id", str(uuid4()))))

    def _answer(self, request: Request) -> Response:
        route = find_route(request.path)
        if route is None:
            error = NotFound(
                "There is no service here. The root of the VMM service is "
                "/{subscription-id}/services/systemcenter/vmm/ with the GUID of a subscription."
            )
            return self.service.refuse(request, error)
        inner = replace(request, root=request.root + route.root, path=route.rest)
        caller = self._caller(route.subscription, request.headers)
        if caller is None:
            return self.service.refuse(
                inner, Forbidden(f"There is no user role for the subscription {route.subscription}.")
            )
        return self.service.handle(inner, backend=TenantBackend(self.site, caller))

    def _caller(self, subscription: UUID, headers: Mapping[str, str]) -> Caller | None:
        with self.site.store.session(Context(headers)) as session:
            role = session.get(self.site.model.entity_sets["UserRoles"], (subscription,))
        return Caller(role, principal_of(headers, role)) if role is not None else None
