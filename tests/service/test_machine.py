# A service against a plain Python model of its data: random creating, changing, removing, linking, batches and queries,
# in every version, over Requests and Responses. After each step a full read says what the model says.

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from odata_core.edm import ModelBuilder, prop
from odata_core.service import Headers, Request, Response, Service
from odata_memory import MemoryBackend

ROOT = "http://h/"


def build() -> Any:
    shop = ModelBuilder("Shop")
    shop.entity("Maker", key="ID", properties={"ID": prop("Int32"), "Name": "String"})
    shop.entity(
        "Thing", key="ID", properties={"ID": prop("Int32"), "Name": "String", "Size": "Int32", "MakerID": "Int32"}
    )
    shop.navigation("Thing", "Maker", to="Maker", on={"MakerID": "ID"}, partner="Things")
    shop.navigation("Maker", "Things", to="Thing", many=True, partner="Maker")
    shop.navigation("Thing", "Friends", to="Thing", many=True)
    shop.entity_set("Makers", "Maker")
    shop.entity_set("Things", "Thing", concurrency=("Name",))
    return shop.build()


MODEL = build()
V4: dict[str, str] = {}
V3 = {"MaxDataServiceVersion": "3.0"}
V2 = {"MaxDataServiceVersion": "2.0", "Accept": "application/json"}
VERSIONS = st.sampled_from([V4, V3, V2])
NAMES = st.none() | st.text("ab'/%+ é", max_size=4)
SIZES = st.none() | st.integers(-5, 5)
KEYS = st.integers(1, 8)


def content(body: dict[str, Any]) -> dict[str, Any]:
    """The members of a request in a JSON batch that has a body."""
    return {"headers": {"content-type": "application/json"}, "body": body}


def plain(value: Any) -> Any:
    """Without ETags and other control information."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if "@" not in name}
    return [plain(item) for item in value] if isinstance(value, list) else value


class Machine(RuleBasedStateMachine):
    """`makers` and `things` are rows by key, `friends` pairs of keys."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.service = Service(MODEL, MemoryBackend(MODEL), page_size=3)
        self.makers: dict[int, dict[str, Any]] = {}
        self.things: dict[int, dict[str, Any]] = {}
        self.friends: set[tuple[int, int]] = set()

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        path, _, query = path.partition("?")
        given = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.service.handle(Request(method, ROOT, path, query.replace(" ", "%20"), Headers(given), content))
        assert answer.status < 500, answer
        return answer

    def rows(self, path: str) -> list[dict[str, Any]]:
        """All pages of a collection."""
        found: list[dict[str, Any]] = []
        while path:
            page = json.loads(self.send("GET", path).body)
            found += page["value"]
            path = page.get("@odata.nextLink", "").removeprefix(ROOT).replace("%20", " ")
        told = [name for row in found for name in row if name.endswith("@odata.bind")]
        assert told == []  # how a store keeps links is its own business
        plain_rows: list[dict[str, Any]] = plain(found)
        return plain_rows

    # ------------------------------------------------------------ writing

    @rule(key=KEYS, name=NAMES, version=VERSIONS)
    def create_maker(self, key: int, name: str | None, version: dict[str, str]) -> None:
        answer = self.send("POST", "Makers", {"ID": key, "Name": name}, **version)
        assert answer.status == (409 if key in self.makers else 201)
        self.makers.setdefault(key, {"ID": key, "Name": name})

    @rule(target=made, key=KEYS, name=NAMES, size=SIZES, maker=st.none() | KEYS, version=VERSIONS)
    def create_thing(
        self, key: int, name: str | None, size: int | None, maker: int | None, version: dict[str, str]
    ) -> int:
        body = {"ID": key, "Name": name, "Size": size, "MakerID": maker}
        answer = self.send("POST", "Things", body, **version)
        refused = 409 if key in self.things else 400 if maker is not None and maker not in self.makers else 0
        assert answer.status == (refused or 201)
        if not refused:
            assert answer.header("Location") == f"{ROOT}Things({key})"
            self.things[key] = body
        return key

    @rule(key=KEYS, thing=KEYS, name=NAMES, version=st.sampled_from([V4, V3]))
    def create_deep(self, key: int, thing: int, name: str | None, version: dict[str, str]) -> None:
        inner = {"ID": thing, "Name": name, "Size": None}
        answer = self.send("POST", "Makers", {"ID": key, "Name": name, "Things": [inner]}, **version)
        refused = key in self.makers or thing in self.things
        assert answer.status == (409 if refused else 201)
        if not refused:
            self.makers[key] = {"ID": key, "Name": name}
            self.things[thing] = {**inner, "MakerID": key}

    @rule(key=made, size=SIZES, replaces=st.booleans(), version=VERSIONS)
    def change(self, key: int, size: int | None, replaces: bool, version: dict[str, str]) -> None:
        exists = key in self.things
        if not exists and version is V4:
            return  # version 4 creates what is not there
        answer = self.send("PUT" if replaces else "PATCH", f"Things({key})", {"Size": size}, **version)
        assert answer.status == (204 if exists else 404)
        if exists:
            kept = {"ID": key, "Name": None, "MakerID": None} if replaces else self.things[key]
            self.things[key] = {**kept, "Size": size}

    @rule(key=made, name=NAMES)
    def change_only_what_is_known(self, key: int, name: str | None) -> None:
        """An ETag is good for one change."""
        if key not in self.things:
            return
        etag = self.send("GET", f"Things({key})").header("ETag") or ""
        assert self.send("PATCH", f"Things({key})", {"Name": f"{name}!"}, If_Match=etag).status == 204
        changed = self.things[key]["Name"] != f"{name}!"
        self.things[key] = {**self.things[key], "Name": f"{name}!"}
        again = self.send("PATCH", f"Things({key})", {"Name": "late"}, If_Match=etag)
        assert again.status == (412 if changed else 204)
        if not changed:
            self.things[key] = {**self.things[key], "Name": "late"}

    @rule(key=consumes(made), version=VERSIONS)
    def remove(self, key: int, version: dict[str, str]) -> None:
        assert self.send("DELETE", f"Things({key})", **version).status == (204 if key in self.things else 404)
        self.forget(key)

    def forget(self, key: int) -> None:
        self.things.pop(key, None)
        self.friends = {pair for pair in self.friends if key not in pair}

    @rule(key=KEYS)
    def remove_maker(self, key: int) -> None:
        """Foreign keys to it become null."""
        assert self.send("DELETE", f"Makers({key})").status == (204 if key in self.makers else 404)
        if self.makers.pop(key, None) is not None:
            for row in self.things.values():
                row["MakerID"] = None if row["MakerID"] == key else row["MakerID"]

    # ------------------------------------------------------------ links

    @rule(key=made, maker=KEYS)
    def set_maker(self, key: int, maker: int) -> None:
        answer = self.send("PUT", f"Things({key})/Maker/$ref", {"@odata.id": f"Makers({maker})"})
        refused = 404 if key not in self.things else 400 if maker not in self.makers else 0
        assert answer.status == (refused or 204)
        if not refused:
            self.things[key] = {**self.things[key], "MakerID": maker}

    @rule(key=made, other=made)
    def befriend(self, key: int, other: int) -> None:
        answer = self.send("POST", f"Things({key})/Friends/$ref", {"@odata.id": f"{ROOT}Things({other})"})
        refused = 404 if key not in self.things else 400 if other not in self.things else 0
        assert answer.status == (refused or 204)
        if not refused:
            self.friends.add((key, other))

    @rule(key=made, other=made)
    def part(self, key: int, other: int) -> None:
        answer = self.send("DELETE", f"Things({key})/Friends/$ref?$id=Things({other})")
        assert answer.status == 204 if (key, other) in self.friends else answer.status in (400, 404)
        self.friends.discard((key, other))

    # ------------------------------------------------------------ batches

    @rule(steps=st.lists(st.tuples(st.booleans(), KEYS, NAMES), min_size=1, max_size=4))
    def batch(self, steps: list[tuple[bool, int, str | None]]) -> None:
        """A group of makers to create and to delete: all of it is done, or nothing."""
        requests = [
            {
                "id": str(index),
                "atomicityGroup": "g",
                "method": "POST" if creates else "DELETE",
                "url": "Makers" if creates else f"Makers({key})",
                **(
                    {"headers": {"content-type": "application/json"}, "body": {"ID": key, "Name": name}}
                    if creates
                    else {}
                ),
            }
            for index, (creates, key, name) in enumerate(steps)
        ]
        answers = json.loads(self.send("POST", "$batch", {"requests": requests}).body)["responses"]
        makers, gone = dict(self.makers), set[int]()
        fits = True
        for creates, key, name in steps:
            if creates is (key in makers):
                fits = False
                break
            if creates:
                makers[key] = {"ID": key, "Name": name}
            else:
                del makers[key]
                gone.add(key)
        assert all(answer["status"] < 400 for answer in answers) is fits
        if fits:
            self.makers = makers
            for row in self.things.values():
                row["MakerID"] = None if row["MakerID"] in gone else row["MakerID"]

    # ------------------------------------------------------------ questions

    @rule(size=st.integers(-5, 5), descending=st.booleans())
    def query(self, size: int, descending: bool) -> None:
        direction = " desc" if descending else ""
        found = self.rows(f"Things?$filter=Size ge {size} or Maker/Name eq null&$orderby=Size{direction},ID")
        makers = {key: row["Name"] for key, row in self.makers.items()}
        kept = [
            row
            for row in self.things.values()
            if (row["Size"] is not None and row["Size"] >= size) or makers.get(row["MakerID"]) is None
        ]
        kept.sort(key=lambda row: row["ID"])
        kept.sort(key=lambda row: (row["Size"] is not None, row["Size"] or 0), reverse=descending)
        assert found == kept

    @rule()
    def related(self) -> None:
        found = self.rows("Makers?$expand=Things($select=ID;$orderby=ID desc)&$orderby=ID")
        things = sorted(self.things, reverse=True)
        assert found == [
            {**row, "Things": [{"ID": key} for key in things if self.things[key]["MakerID"] == row["ID"]]}
            for row in sorted(self.makers.values(), key=lambda row: row["ID"])
        ]

    @invariant()
    def everything_is_there(self) -> None:
        assert self.rows("Makers") == sorted(self.makers.values(), key=lambda row: row["ID"])
        expected = [
            {**row, "Friends": [{"ID": b} for a, b in sorted(self.friends) if a == row["ID"]]}
            for row in sorted(self.things.values(), key=lambda row: row["ID"])
        ]
        assert self.rows("Things?$expand=Friends($select=ID;$orderby=ID)") == expected
        assert self.send("GET", "Things/$count").body == str(len(self.things)).encode()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    deadline=None, max_examples=60, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)
