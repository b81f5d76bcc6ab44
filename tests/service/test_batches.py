# Batches in JSON: groups that fail, conditions, what requests inherit (4.01 Part 1, 11.7, and JSON Format, 19).

from __future__ import annotations

import json
from typing import Any

from odata_core.service import Handler
from tests.service.market import market, read, send

__all__ = ["market"]

JSON = {"content-type": "application/json"}


def ask(service: Handler, *requests: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
    numbered = [{"id": str(number), "method": "GET", **one} for number, one in enumerate(requests, 1)]
    answer = send(service, "POST", "$batch", {"requests": numbered}, **headers)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = json.loads(answer.body)["responses"]
    return found


def post(row: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"method": "POST", "url": "Products", "headers": JSON, "body": row, **more}


def told(answers: list[dict[str, Any]]) -> list[tuple[str, int, str | None]]:
    return [(one["id"], one["status"], one.get("atomicityGroup")) for one in answers]


def test_groups(market: Handler) -> None:
    """19.6: every request has an answer that names its group, whether the group went well or not."""
    good, bad = {"ID": 10, "Name": "n"}, {"ID": 1, "Name": "there already"}
    answers = ask(
        market, post(good, atomicityGroup="g"), post({**good, "ID": 11}, atomicityGroup="g"), {"url": "Products"}
    )
    assert told(answers) == [("1", 201, "g"), ("2", 201, "g"), ("3", 200, None)]
    answers = ask(
        market,
        post({**good, "ID": 12}, atomicityGroup="g"),
        post(bad, atomicityGroup="g"),
        post({**good, "ID": 13}, atomicityGroup="g"),
        {"url": "Products(1)/Name", "dependsOn": ["g"]},
        {"url": "Products(1)/Name"},
    )
    assert told(answers) == [("1", 424, "g"), ("2", 409, "g"), ("3", 424, "g"), ("4", 424, None), ("5", 200, None)]
    assert [row["ID"] for row in read(market, "Products?$filter=ID gt 9")["value"]] == [10, 11]


def test_conditions_are_not_met(market: Handler) -> None:
    """19.1: who knows no conditions fails the request that has one, and its group."""
    answers = ask(
        market,
        post({"ID": 10, "Name": "n"}, atomicityGroup="g"),
        post({"ID": 11, "Name": "n"}, atomicityGroup="g") | {"if": "true"},
        {"url": "Products(1)/Name", "if": "$1/$succeeded"},
        {"url": "Products(1)/Name"},
    )
    assert told(answers) == [("1", 424, "g"), ("2", 424, "g"), ("3", 424, None), ("4", 200, None)]
    assert read(market, "Products(10)") == 404


def test_no_batch_in_a_batch(market: Handler) -> None:
    nested = {"method": "POST", "url": "$batch", "headers": JSON, "body": {"requests": []}}
    assert told(ask(market, nested, {"url": "Products(1)/Name", "body": None})) == [("1", 400, None), ("2", 200, None)]


def test_what_is_accepted_is_inherited(market: Handler) -> None:
    """Part 1, 8.2.1: but for the formats of the batch itself."""
    accept = "multipart/mixed, application/json;odata.metadata=none"
    one, other = ask(
        market, {"url": "Products(1)"}, {"url": "Products(1)", "headers": {"accept": "application/json"}}, Accept=accept
    )
    assert ("@odata.context" in one["body"], "@odata.context" in other["body"]) == (False, True)
    assert told(ask(market, {"url": "Products(1)"}, Accept="multipart/mixed")) == [("1", 200, None)]


def test_json_is_the_usual_body(market: Handler) -> None:
    """19.1: only other media types have to be told."""
    requests = {"method": "PATCH", "url": "Products(1)", "body": {"Name": "n", "Price": 1.25}}
    assert told(ask(market, requests)) == [("1", 204, None)]
    assert read(market, "Products(1)/Price") == {"value": 1.25}
