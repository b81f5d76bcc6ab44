# The reference scenario of a foreign v2 server as a service here: its model, its rows, and its operations.

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from odata_core.backend import Query, Reads, Row, Stream
from odata_core.csdl import read_csdl_file
from odata_core.edm import Timestamp
from odata_core.service import Service
from odata_core.service.calls import Operations
from odata_memory import MemoryBackend
from tests.conformance.corpora import path_of

MODEL = read_csdl_file(path_of("metadata/models/olingo2-RefScenario.xml"))
SEED: dict[str, list[dict[str, Any]]] = json.loads(path_of("v2-refscenario-seed.json").read_text("utf-8"))
PHOTOS = "Container2.Photos"


def refscenario_service() -> Service:
    """The service in its initial state. It speaks 2.0 by default, and knows 3.0."""
    rows: dict[str, Any] = {
        "Teams": [_plain(row) for row in SEED["Teams"]],
        "Buildings": [_plain(row) for row in SEED["Buildings"]],
        "Rooms": [
            {**_plain(row), "nr_Building@odata.bind": (row["_building"],) if row.get("_building") else None}
            for row in SEED["Rooms"]
        ],
        "Managers": [_employee(row, is_manager=True) for row in SEED["Managers"]],
        "Employees": [_employee(row, is_manager=False) for row in SEED["Employees"]],
        PHOTOS: [_plain(row) for row in SEED["Photos"]],
    }
    streams: dict[tuple[str, tuple[Any, ...], str | None], Stream] = {
        (name, (row["EmployeeId"],), None): Stream(row.get("_imageType") or "image/jpeg", b"image")
        for name in ("Employees", "Managers")
        for row in SEED[name]
    }
    backend = MemoryBackend(MODEL, rows, streams=streams, check_references=False)
    versions = ("2.0", "3.0")
    return Service(MODEL, backend, versions=versions, default_version="2.0", operations=_operations())


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _employee(row: dict[str, Any], *, is_manager: bool) -> dict[str, Any]:
    found = _plain(row)
    found["EntryDate"] = None if row["EntryDate"] is None else Timestamp.parse(row["EntryDate"])
    if is_manager:  # no association set begins at the managers
        return found
    for name, column in {"ne_Manager": "ManagerId", "ne_Team": "TeamId", "ne_Room": "RoomId"}.items():
        found[f"{name}@odata.bind"] = (row[column],) if row.get(column) else None
    return found


def _operations() -> Operations:
    found = Operations(MODEL)
    employees = MODEL.entity_set("Employees")

    def everyone(session: Reads) -> list[Row]:
        return sorted(session.select(Query(employees)).rows, key=lambda row: row["EmployeeId"])

    @found("EmployeeSearch")
    def search(q: str | None = None, *, session: Reads) -> list[Row]:
        return [row for row in everyone(session) if (q or "") in (row["EmployeeName"] or "")]

    @found("AllLocations")
    def locations(*, session: Reads) -> list[Row]:
        seen = {json.dumps(row["Location"], sort_keys=True): row["Location"] for row in everyone(session)}
        return list(seen.values())

    @found("AllUsedRoomIds")
    def rooms(*, session: Reads) -> list[str]:
        return sorted({row["RoomId"] for row in everyone(session) if row["RoomId"]})

    @found("MaximalAge")
    def age(*, session: Reads) -> int:
        return max(int(row["Age"]) for row in everyone(session))

    @found("MostCommonLocation")
    def common(*, session: Reads) -> Row:
        texts = Counter([json.dumps(row["Location"], sort_keys=True) for row in everyone(session)])
        place: Row = json.loads(texts.most_common(1)[0][0])
        return place

    @found("ManagerPhoto")
    def photo(Id: str) -> bytes:  # noqa: N803  # the model's name
        return f"photo of {Id}".encode()

    @found("OldestEmployee")
    def oldest(*, session: Reads) -> Row:
        return max(everyone(session), key=lambda row: row["Age"])

    return found
