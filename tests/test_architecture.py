# The architecture as a test: who may import whom, who may compare versions, how large things may get.
# Strategy: only syntax trees are read; nothing is imported, so a file that breaks a rule cannot hide behind a failure.

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent

# Lowest first. Modules of one line may not import each other.
LAYERS = (
    ("errors", "records"),
    ("limits",),
    ("edm",),
    ("csdl",),
    ("uri",),
    ("query",),
    ("payload",),
    ("protocol",),
    ("backend",),
    ("service",),
    ("wsgi", "asgi"),
    ("server", "explain", "metadata_command"),
    ("cli",),
    ("testing",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

# What a plug-in may build on, and what a hypervisor driver must not know.
PLUGINS_MAY_IMPORT = frozenset(LEVEL) - {"wsgi", "asgi", "server", "cli", "testing"}
DRIVERS_MUST_NOT_IMPORT = frozenset(
    {"odata_core", "odata_memory", "odata_sql", "werkzeug", "wsgiref", "granian", "http", "flask", "starlette"}
)

MAX_FILE = 500
MAX_CLASS = 300


def python_files(folder: str) -> list[Path]:
    return sorted((REPOSITORY / folder).rglob("*.py"))


CORE = python_files("odata_core")
PLUGINS = python_files("backends")
DRIVERS = [path for path in PLUGINS if "drivers" in path.parts]


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def package_of(path: Path) -> list[str]:
    """The dotted package that relative imports in a file start from."""
    root = REPOSITORY / "backends" if (REPOSITORY / "backends") in path.parents else REPOSITORY
    return list(path.relative_to(root).parent.parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute name of everything that a file imports, wherever in the file."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = package_of(path)
            start = package[: len(package) - node.level + 1] if node.level else []
            module = [*start, *(node.module.split(".") if node.module else [])]
            yield from ((node.lineno, ".".join([*module, alias.name])) for alias in node.names)


def core_part(name: str) -> str | None:
    """`edm` for `odata_core.edm.model`; None for what is not of the core."""
    parts = name.split(".")
    return parts[1] if parts[0] == "odata_core" and len(parts) > 1 else None


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    inside = path.relative_to(REPOSITORY / "odata_core").parts[0].removesuffix(".py")
    if inside == "__init__":
        assert [name for _, name in imports(path) if core_part(name)] == []
        return
    upward = []
    for line, name in imports(path):
        part = core_part(name)
        if part is not None and part != inside and LEVEL[part] >= LEVEL[inside]:
            upward.append(f"{name_of(path)}:{line} imports {name}")
    assert upward == []


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_knows_no_plugin(path: Path) -> None:
    known = {"odata_memory"} if "testing" in path.parts else set()
    named = {name.partition(".")[0] for _, name in imports(path)}
    assert {name for name in named if name.startswith("odata_") and name != "odata_core"} <= known


@pytest.mark.parametrize("path", PLUGINS, ids=name_of)
def test_plugins_know_no_server(path: Path) -> None:
    above = [
        f"{name_of(path)}:{line} imports {name}"
        for line, name in imports(path)
        if (part := core_part(name)) is not None and part not in PLUGINS_MAY_IMPORT
    ]
    assert above == []


@pytest.mark.skipif(not DRIVERS, reason="There are no drivers.")
@pytest.mark.parametrize("path", DRIVERS, ids=name_of)
def test_drivers_know_neither_odata_nor_http(path: Path) -> None:
    assert {name.partition(".")[0] for _, name in imports(path)} & DRIVERS_MUST_NOT_IMPORT == set()


# What names a protocol version, by the names that this code base uses: `version`, `data_version`, `Version`, `V3_0`.
VERSION_NAME = re.compile(r"(?:\w*_)?version|Version|V\d_\d+")


def names_a_version(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(VERSION_NAME.fullmatch(name)) or (
                isinstance(node, ast.Attribute) and names_a_version(node.value) and name != "value"
            )
        case ast.Call(func=function):
            return names_a_version(function)
    return False


def version_comparisons(tree: ast.AST) -> Iterator[int]:
    """Lines where something that names a version is compared; `is None` asks only whether there is one."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
                continue
            case ast.Compare(left=left, comparators=right):
                operands = [left, *right]
            case ast.Call(func=ast.Name(id="min" | "max" | "sorted"), args=operands):
                pass
            case ast.Match(subject=subject):
                operands = [subject]
            case ast.MatchValue(value=value):
                operands = [value]
            case _:
                continue
        if any(names_a_version(operand) for operand in operands):
            yield node.lineno


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a.version >= V3_0", True),
        ("Version(3, 0) == x", True),
        ("x == Version.V4", True),
        ("min(a.version, b)", True),
        ("match version:\n case _: pass", True),
        ("match x:\n case Version.V4: pass", True),
        ("version is None", False),
        ("headers[profile.version_header] == x", False),
        ("f(version)", False),
    ],
)
def test_version_comparisons_are_found(source: str, found: bool) -> None:
    assert bool(list(version_comparisons(ast.parse(source)))) == found


@pytest.mark.parametrize("path", [path for path in (*CORE, *PLUGINS) if "protocol" not in path.parts], ids=name_of)
def test_only_the_protocol_compares_versions(path: Path) -> None:
    assert [f"{name_of(path)}:{line}" for line in version_comparisons(tree_of(path))] == []


@pytest.mark.parametrize("path", [*CORE, *PLUGINS], ids=name_of)
def test_sizes(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_FILE
    classes = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes if (node.end_lineno or 0) - node.lineno + 1 > MAX_CLASS] == []


@pytest.mark.parametrize("path", [*CORE, *PLUGINS], ids=name_of)
def test_a_module_says_what_it_owns(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text == "" or text.startswith(("# ", '"""'))


# What repeats a group and gives nothing back: `(?:ab)*+`.
POSSESSIVE_GROUP = re.compile(r"\(\?.*\)[*?+]\+", re.DOTALL)


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of all strings; what is computed within one counts as nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            value = node.value
            yield node.lineno, value if isinstance(value, str) else value.decode("latin-1")
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            yield node.lineno, "".join(map(str, parts))


@pytest.mark.parametrize("path", [*CORE, *PLUGINS], ids=name_of)
def test_no_pattern_repeats_a_group_possessively(path: Path) -> None:
    """Python before 3.11.5 goes on at the wrong place behind one, so `(?:(?!b)c)?+` finds something in `b`."""
    found = [line for line, text in texts(tree_of(path)) if POSSESSIVE_GROUP.search(text)]
    assert [f"{name_of(path)}:{line}: write (?>(?:...)*) instead of (?:...)*+" for line in found] == []
