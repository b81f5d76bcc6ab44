# Plug-ins by name: entry points are looked up when asked for, and imported then and not before.

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from ..errors import ODataError, suggestion

BACKENDS = "odata_core.backends"
SERVICES = "odata_core.services"
COMMANDS = "odata_core.commands"


class UnknownPlugin(ODataError):
    """No installed package offers a plug-in of that name."""


def plugin_names(group: str) -> list[str]:
    """The names that installed packages offer in a group, sorted."""
    return sorted({entry.name for entry in entry_points(group=group)})


def load_plugin(group: str, name: str) -> Callable[..., Any]:
    """The object behind a name; where two packages offer the same name, the first one installed keeps it."""
    found = next(iter(entry_points(group=group, name=name)), None)
    if found is None:
        names = plugin_names(group)
        raise UnknownPlugin(
            f"There is no '{name}' among the installed {group}: {', '.join(names) or 'none'}.{suggestion(name, names)}"
        )
    loaded: Callable[..., Any] = found.load()
    return loaded


def load_backend(name: str) -> Callable[..., Any]:
    """The backend class registered under a name, such as `memory`."""
    return load_plugin(BACKENDS, name)
