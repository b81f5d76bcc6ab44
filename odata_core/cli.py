# The `odata` command. It turns options into a handler with its wrappers and hands it to a server.
# Strategy: heavy modules (granian, Werkzeug, the plug-in) are imported by the command that needs them. Whatever the
# user can get wrong is an ODataError and becomes one line on stderr and exit code 2.
#
# What `odata serve NAME` serves is a function `handler(arguments) -> Handler`, registered under NAME in the entry point
# group odata_core.services, or named as `module:attribute`. Two attributes of that function are optional:
#   handler.add_arguments(parser)   adds options of its own to the command
#   handler.paths(arguments)        the root paths that it answers under; the first one is printed when it listens

from __future__ import annotations

import argparse
import getpass
import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .backend.plugins import COMMANDS, SERVICES, load_plugin, plugin_names
from .errors import ODataError
from .metadata_command import add_metadata_arguments, run_metadata

if TYPE_CHECKING:
    from .explain.meaning import Reader
    from .service.messages import Handler

Factory = Callable[..., Any]


class CommandError(ODataError):
    """The command cannot do what it was asked to."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"odata: {message} (see '{self.prog} --help')\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit code is 0, or 2 where the user has to change something."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        factory = named_service(words[1:]) if words[:1] == ["serve"] else None
        options = command_parser(factory, words[:1]).parse_args(words)
        options.run(options, factory)
    except ODataError as error:
        print(f"odata: {error.message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def command_parser(factory: Factory | None, words: Sequence[str] = ()) -> Parser:
    """The whole command line, with the options of the service that is to be served.

    Plug-ins have commands of their own (entry point group odata_core.commands): functions that add to a parser. Only
    the one that `words` begin with is loaded.
    """
    parser = Parser(prog="odata", description="Serves OData.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"odata-core {installed_version()}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    serve = commands.add_parser("serve", help="serve a service over HTTP", allow_abbrev=False)
    add_serve_arguments(serve, "NAME")
    if factory is not None and hasattr(factory, "add_arguments"):
        factory.add_arguments(serve.add_argument_group("options of this service"))
    serve.set_defaults(run=run_serve)
    explain = commands.add_parser("explain", help="show how a URL is understood: path, options, tree")
    explain.add_argument("url", metavar="URL", nargs="?", help="absolute, or relative to the service root")
    explain.add_argument("--version", choices=("2.0", "3.0", "4.0", "4.01"), default="4.01", help="(4.01)")
    explain.add_argument("--csdl", type=Path, metavar="FILE", help="find what names mean in this model (XML or JSON)")
    explain.add_argument(
        "--jsonl",
        action="store_true",
        help='read {"rule": R, "input": TEXT} a line, write what it says a line; '
        'with --csdl also "context", the type of $it, for rules such as filter',
    )
    explain.set_defaults(run=run_explain)
    metadata = commands.add_parser("metadata", help="validate a CSDL document, or convert it")
    add_metadata_arguments(metadata)
    metadata.set_defaults(run=run_metadata)
    password = commands.add_parser("password", help="add a user to a file for --basic-auth, or change a password")
    password.add_argument("file", metavar="FILE", type=Path)
    password.add_argument("user", metavar="USER")
    password.set_defaults(run=run_password)
    for name in plugin_names(COMMANDS):
        plugin = commands.add_parser(name, help=f"what the {name} service can do besides", allow_abbrev=False)
        if list(words) == [name]:
            load_plugin(COMMANDS, name)(plugin)
    return parser


def installed_version() -> str:
    try:
        return version("odata-core")
    except PackageNotFoundError:
        return "(from a source tree, not installed)"


# odata serve -----------------------------------------------------------------------------------------------------


def add_serve_arguments(parser: argparse.ArgumentParser, name: str) -> None:
    known = ", ".join(plugin_names(SERVICES)) or "none is installed"
    parser.add_argument("name", metavar=name, help=f"a service ({known}), or 'module:attribute'")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=port_number, default=30005, help="0 takes any free one (default: %(default)s)")
    parser.add_argument("--max-body", type=positive, metavar="BYTES", help="refuse larger request bodies")
    parser.add_argument("--threads", type=positive, default=16, metavar="N", help="requests served at one time (16)")
    guards = parser.add_mutually_exclusive_group()
    guards.add_argument(
        "--basic-auth", metavar="FILE", help="ask for a user of FILE; off loopback, put a TLS proxy in front"
    )
    guards.add_argument("--trusted-proxy", metavar="ADDRESS[,..]", help="answer only to these addresses or networks")
    parser.add_argument(
        "--user-header", default="X-Remote-User", metavar="NAME", help="how the trusted proxy names the user"
    )
    fronts = parser.add_mutually_exclusive_group()
    fronts.add_argument("--public-root", metavar="URL", help="what clients see this server's root as, behind a proxy")
    fronts.add_argument(
        "--forwarded-from", metavar="ADDRESS[,..]", help="proxies whose Forwarded and X-Forwarded headers are believed"
    )
    parser.add_argument(
        "--cors", metavar="ORIGIN", action="append", default=[], help="let pages of this origin ask, or of '*'"
    )
    parser.add_argument("--csrf", action="store_true", help="take writes only with a token (X-CSRF-Token: Fetch)")
    parser.add_argument("--quiet", action="store_true", help="no line on stderr for each request")


def named_service(words: Sequence[str]) -> Factory | None:
    """The service that the command line names: its options must be known before they can be read.

    The name is the first word that is no option and no value of one of the options above.
    """
    if not words:
        return None
    parser = Parser(prog="odata serve", add_help=False, allow_abbrev=False)
    add_serve_arguments(parser, "NAME")
    parser.add_argument("-h", "--help", action="store_true")
    asks_for_help = words[0] in ("-h", "--help")
    return None if asks_for_help else load_service(parser.parse_known_args(words)[0].name)


def load_service(name: str) -> Factory:
    """The function behind a registered name or `module:attribute`."""
    module, colon, attribute = name.partition(":")
    try:
        if not colon:
            return load_plugin(SERVICES, name)
        sys.path.insert(0, os.getcwd())
        factory: Factory = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise CommandError(f"The service '{name}' cannot be loaded: {error}.") from error
    return factory


def run_serve(options: argparse.Namespace, factory: Factory) -> None:
    """Serves until SIGTERM or SIGINT."""
    try:
        from .asgi import AsgiApp
        from .server import authority, resolve, run_server
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("granian"):
            raise
        raise CommandError("The server is not installed: pip install 'odata-core[serve]'.") from error
    address = resolve(options.host)
    require_guard(options, address)
    log_to_stderr(options.quiet)
    handler = factory(options)
    app = AsgiApp(guarded(options, handler), options.threads)
    paths = factory.paths(options) if hasattr(factory, "paths") else ()
    path = next(iter(paths), "").lstrip("/")
    try:
        run_server(
            app,
            address,
            options.port,
            lambda port: print(f"Listening on http://{authority(address, port)}/{path}", flush=True),
        )
    finally:
        if hasattr(handler, "close"):
            handler.close()  # work that goes on is waited for, hosts are let go of


def require_guard(options: argparse.Namespace, address: str) -> None:
    """Whoever reaches the port can use the service: others than this machine only if they are asked who they are."""
    from .service.security import is_loopback

    if not (is_loopback(address) or options.basic_auth or options.trusted_proxy):
        raise CommandError(
            f"'--host {options.host}' lets other machines in, and nothing asks who they are: "
            "add '--basic-auth FILE' (written by 'odata password FILE USER') or '--trusted-proxy ADDRESS'."
        )


def guarded(options: argparse.Namespace, handler: Handler) -> Handler:
    """The handler inside the wrappers that the options ask for; the log is outermost and sees every answer.

    Who may ask is decided before anything else, but a browser asks what a page may do without saying who it is.
    """
    from .service.access_log import AccessLog
    from .service.asynchrony import Asynchronous
    from .service.browsers import Cors, CsrfTokens
    from .service.proxies import Forwarded, PublicRoot
    from .service.security import BasicAuth, BodyLimit, LocalNames, TrustedProxy, read_user_file

    handler = Asynchronous(handler)
    if options.csrf:
        handler = CsrfTokens(handler)
    if options.public_root:
        handler = PublicRoot(handler, options.public_root)
    if options.forwarded_from:
        handler = Forwarded(handler, options.forwarded_from.split(","))
    if options.max_body is not None:
        handler = BodyLimit(handler, options.max_body)
    if options.basic_auth:
        handler = BasicAuth(handler, read_user_file(options.basic_auth))
    elif options.trusted_proxy:
        handler = TrustedProxy(handler, options.trusted_proxy.split(","), options.user_header)
    else:
        handler = LocalNames(handler)
    if options.cors:
        handler = Cors(handler, options.cors)
    return AccessLog(handler)


def log_to_stderr(quiet: bool) -> None:
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z", level=logging.WARNING)
    logging.getLogger("odata.access").setLevel(logging.WARNING if quiet else logging.INFO)


def port_number(text: str) -> int:
    if not (text.isdecimal() and len(text) <= 5 and int(text) <= 65535):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def positive(text: str) -> int:
    if not (text.isdecimal() and len(text) <= 18 and int(text) > 0):
        raise argparse.ArgumentTypeError("a whole number from 1 on is needed")
    return int(text)


# odata explain ---------------------------------------------------------------------------------------------------


def run_explain(options: argparse.Namespace, _: Factory | None) -> None:
    """Shows one URL to a person, or many lines to a program; with a model, what they mean in it."""
    from .explain import GRAMMARS, explain_lines, explain_url, painter, show_url
    from .limits import Limits

    grammar, limits = GRAMMARS[options.version], Limits()
    reader = None if options.csdl is None else model_reader(options.csdl, options.version)
    if options.jsonl:
        answer = None if reader is None else reader.answer
        sys.stdout.buffer.writelines(explain_lines(sys.stdin, grammar, limits, answer))
        sys.stdout.flush()
        return
    if options.url is None:
        raise CommandError("'odata explain' needs a URL, or '--jsonl' and lines on standard input.")
    paint = painter(colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    try:
        url = explain_url(options.url, grammar, limits)
        if reader is None:
            lines = show_url(url, paint)
        else:
            from .explain.people import show_meaning

            lines = show_meaning(reader.url(url), paint)
    except ODataError as error:
        raise CommandError(error.render()) from error
    print("\n".join(lines))


def model_reader(path: Path, version: str) -> Reader:
    """What finds the meaning of URLs of a version in the model that a file describes."""
    from .csdl import read_csdl_file
    from .explain import GRAMMARS
    from .explain.meaning import PATH_RULES, Reader
    from .limits import Limits

    return Reader(read_csdl_file(path), GRAMMARS[version], PATH_RULES[version], Limits())


# odata password --------------------------------------------------------------------------------------------------


def run_password(options: argparse.Namespace, _: Factory | None) -> None:
    """Adds a user to the file, or replaces the line of this user; everything else in the file stays as it is."""
    from .service.security import print_user, read_user_file, user_of

    path: Path = options.file
    lines: list[str] = []
    if path.exists():
        read_user_file(path)
        lines = path.read_text("utf-8").splitlines()
    # The name is checked before a password is asked for.
    print_user(options.user, "-")
    line = print_user(options.user, ask_password())
    at = next((number for number, old in enumerate(lines) if user_of(old) == options.user), len(lines))
    lines[at : at + 1] = [line]
    replace_private_file(path, "".join(f"{kept}\n" for kept in lines))


def ask_password() -> str:
    """A password typed twice, or where stdin is no terminal, its first line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise CommandError("The two passwords differ; nothing was changed.")
    return password


def replace_private_file(path: Path, text: str) -> None:
    """Writes a file that only its owner can read; readers see the old content or the new one, never a part."""
    target = path.resolve()
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink()
            raise
    except OSError as error:
        raise CommandError(f"The file '{path}' cannot be written: {error.strerror}.") from error


if __name__ == "__main__":
    sys.exit(main())
