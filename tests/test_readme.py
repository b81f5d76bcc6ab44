# The README is a promise: its Python runs and prints what it says, and its curl command gets the answer that it shows.

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.processes import PATIENCE, REPOSITORY, Server, environment, running

README = (REPOSITORY / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
MADE_BY_THE_SERVER = ("odata.metadata", "ID", "AddedTime", "ModifiedTime")


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def printing_examples() -> list[tuple[str, str]]:
    """Each Python block that a text block follows, with that text."""
    pairs = itertools.pairwise(BLOCKS)
    return [(code, text) for (name, code), (following, text) in pairs if (name, following) == ("python", "text")]


def curl_request() -> tuple[str, dict[str, str], bytes]:
    """Path, headers and body of the curl command."""
    words = shlex.split(blocks("sh")[1].replace("\\\n", " "))
    assert words[:2] == ["curl", "-s"]
    options = dict.fromkeys(words[3::2])
    assert set(options) == {"-H", "-d"}
    headers = dict(words[index + 1].split(": ", 1) for index, word in enumerate(words) if word == "-H")
    return urlsplit(words[2]).path, headers, words[words.index("-d") + 1].encode("utf-8")


def shown(entity: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, None if name in MADE_BY_THE_SERVER else value) for name, value in entity.items()]


def assert_the_answer_is_as_shown(server: Server) -> None:
    path, headers, body = curl_request()
    named = {name.replace("-", "_"): value for name, value in headers.items()}
    status, entity = server.get(path, "POST", body, **named)
    assert status == 201
    assert shown(entity) == shown(msgspec.json.decode(blocks("json")[0]))


def test_the_two_commands_come_first() -> None:
    assert [line.split("#")[0].strip() for line in blocks("sh")[0].splitlines()] == ["make serve", "make test"]


def test_curl_gets_the_answer_from_the_command(tmp_path: Path) -> None:
    command = ["-m", "odata_core.cli", "serve", "vmm", "--port", "0"]
    with running(command, tmp_path / "log", r"Listening on http://127\.0\.0\.1:(\d+)/") as server:
        assert_the_answer_is_as_shown(server)


def test_curl_gets_the_answer_from_the_embedding_example(tmp_path: Path) -> None:
    code = next(block for block in blocks("python") if "run_simple" in block)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    script = tmp_path / "embed.py"
    script.write_text(code.replace("8000", "0"), "utf-8")
    with running([str(script)], tmp_path / "log", r"Running on http://127\.0\.0\.1:(\d+)") as server:
        assert_the_answer_is_as_shown(server)


@pytest.mark.parametrize(("code", "text"), printing_examples(), ids=["own model", "own backend"])
def test_examples_print_what_they_say(code: str, text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, env=environment()
    )
    assert (done.stderr, done.stdout) == ("", text)
