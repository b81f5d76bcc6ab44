# `odata vmm check`: tries a configuration of hosts, and says in words what is wrong with it. Nothing is changed.

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from odata_core.errors import BadRequest

from .serve import SIMULATED, add_host_arguments, configuration_of

# What stands before each finding; colours only where a person looks.
_MARKS: Final = {"ok": ("ok     ", "32"), "warning": ("warning", "33"), "error": ("ERROR  ", "31")}


def add_command(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of `odata vmm`."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check", help="try the hosts of a configuration, and say what is wrong", allow_abbrev=False
    )
    add_host_arguments(check)
    check.set_defaults(run=run_check)


def run_check(options: argparse.Namespace, _factory: Any) -> None:
    """Prints the findings of each host; exit code 1 where there is an error among them."""
    driver = options.driver or ("libvirt" if options.uri else None)
    if driver == SIMULATED or (driver is None and not options.config):
        raise BadRequest("There is nothing to check: name hosts by '--config FILE' or '--uri URI'.")
    configuration = configuration_of(options, driver)
    wrong = 0
    for stamp in configuration.stamps:
        for host in stamp.hosts:
            print(f"{host.name} (stamp {stamp.id})", flush=True)
            for finding in host.check():
                wrong += finding.severity == "error"
                _show(finding)
    if wrong:
        print(f"{wrong} of these {'is' if wrong == 1 else 'are'} to be put right.", file=sys.stderr)
        raise SystemExit(1)
    print("Everything that was tried works.")


def _show(finding: Any) -> None:
    mark, colour = _MARKS[finding.severity]
    shown = f"\x1b[{colour}m{mark}\x1b[0m" if sys.stdout.isatty() else mark
    print(f"  {shown} {finding.step}: {finding.text}", flush=True)
    if finding.advice and finding.severity != "ok":
        print(f"          {finding.advice}", flush=True)
