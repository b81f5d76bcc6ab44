# Batches: many requests in one body, and their answers. What a batch means (order, change sets, references) is said in
# service/batch.py; here is only how requests are read and answers are written, as values.
#
#   batch = *( request / change set ),  change set = *request that are done all or not at all

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ..records import record


@record
class BatchRequest:
    """One request of a batch. `group` names the change set that it belongs to; `depends_on` what must go well first.

    `is_conditional`: it asks for a condition of its own on earlier ones.
    `url` is as it was sent: absolute, relative to the host or to the service root, or `$id` and what follows it.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    id: str | None = None
    group: str | None = None
    depends_on: tuple[str, ...] = ()
    is_conditional: bool = False


@record
class BatchAnswer:
    """The answer to one request; those of a change set that went well have its name as `group`."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    id: str | None = None
    group: str | None = None
