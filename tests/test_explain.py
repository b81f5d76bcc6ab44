# `odata explain` as a person and as a program use it.

from __future__ import annotations

import msgspec
import pytest

from odata_core.explain import explain_lines, explain_url, painter, show_url
from odata_core.limits import Limits
from odata_core.uri.grammars import V2_GRAMMAR, V4_GRAMMAR
from tests.processes import run_odata

LIMITS = Limits()


def test_a_url_for_people() -> None:
    done = run_odata("explain", "Products(1)/Category?$filter=not Price in (1,null)&$top=5&$expand=A($top=2)&x=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == """path
  Segment name="Products"
    arguments:
      Argument
        value: Literal value=1 type="Edm.Int32"
  Segment name="Category"
$filter
  Unary operator="not"
    operand: Binary operator="in"
      left: Path
        segments:
          Segment name="Price"
      right: Items is_json=false
        items:
          Literal value=1 type="Edm.Int32"
          Literal value=null
$top
  5
$expand
  ExpandItem
    path:
      Segment name="A"
    options: Options
      $top: 2
x (custom)
  1
"""
    )


def test_a_mistake_is_shown_with_a_caret() -> None:
    done = run_odata("explain", "Products?$filter=Name eq )")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("odata: Syntax error: an expression is expected, but ')' was found.\nName eq )\n        ^\n")


def test_colours_mark_roles_only_where_asked() -> None:
    url = explain_url("P?x=1", V4_GRAMMAR, LIMITS)
    assert show_url(url, painter(colour=True))[0] == "\x1b[1mpath\x1b[0m"
    assert show_url(url, painter(colour=False)) == ["path", '  Segment name="P"', "x (custom)", "  1"]


def answers(*lines: str) -> list[object]:
    return [msgspec.json.decode(line) for line in explain_lines(lines, V4_GRAMMAR, LIMITS)]


def test_lines_for_programs() -> None:
    assert answers(
        '{"rule": "skip", "input": "$skip=0"}',
        '{"rule": "boolean", "input": "tRUe"}',
        '{"rule": "FILTER", "input": "$filter=true"}',
        "",
        '{"rule": "filter", "input": "$filter=Name eq"}',
        '{"rule": "nonsense", "input": ""}',
        "{",
        "[]",
        "[" * 100_000,
    ) == [
        {"ok": True, "tree": 0},
        {"ok": True, "tree": "tRUe"},
        {"ok": True, "tree": {"node": "Literal", "value": True, "type": "Edm.Boolean", "position": 0}},
        {"ok": False, "error": "Syntax error: a blank after 'eq' is expected, but the end was found.", "position": 7},
        {"ok": False, "error": "There is no rule 'nonsense'.", "position": None},
        {"ok": False, "error": "The line is not JSON.", "position": None},
        {"ok": False, "error": "The line must be an object with 'rule' and 'input'.", "position": None},
        {"ok": False, "error": "The line is not JSON.", "position": None},
    ]


@pytest.mark.parametrize("text", ["P?$filter=A in (1)", "P?$filter=A/any(x:x eq 1)"])
def test_the_version_decides(text: str) -> None:
    assert run_odata("explain", text).returncode == 0
    assert run_odata("explain", "--version", "2.0", text).returncode == 2


def test_an_absolute_url() -> None:
    url = explain_url("https://host/service/Products(5)?$inlinecount=allpages", V2_GRAMMAR, LIMITS)
    assert url.options.system == {"$inlinecount": True}


def test_without_a_url() -> None:
    done = run_odata("explain")
    assert (done.returncode, done.stderr) == (
        2,
        "odata: 'odata explain' needs a URL, or '--jsonl' and lines on standard input.\n",
    )
