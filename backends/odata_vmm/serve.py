# `odata serve vmm`: the options of the command, and the handler that they make.

from __future__ import annotations

import argparse
from dataclasses import replace

from dateutil import tz

from odata_core.errors import BadRequest
from odata_core.limits import Limits

from .routes import tenant_root
from .sample import SUBSCRIPTION, sample_service
from .service import VmmService


def handler(arguments: argparse.Namespace) -> VmmService:
    """The VMM service on embedded sample data over simulated machines."""
    zone = tz.gettz(arguments.timezone) if arguments.timezone else None
    if arguments.timezone and zone is None:
        raise BadRequest(f"There is no time zone '{arguments.timezone}'. Use a name such as America/Los_Angeles.")
    limits = replace(Limits(), body_bytes=arguments.max_body) if arguments.max_body else Limits()
    return sample_service(zone=zone, limits=limits)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that only this service has."""
    parser.add_argument(
        "--timezone", metavar="NAME", help="zone of the times in answers, such as America/Los_Angeles (this machine's)"
    )


def paths(arguments: argparse.Namespace) -> list[str]:
    """The service roots to show to the user."""
    return ["/" + tenant_root(SUBSCRIPTION)]


handler.add_arguments = add_arguments  # type: ignore[attr-defined]
handler.paths = paths  # type: ignore[attr-defined]
