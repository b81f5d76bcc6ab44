# Whole URLs: syntax -> what they ask for. The path is bound first, then it is checked which options may stand there,
# then the options are bound in the scope of what the path names. One function, so that nobody forgets a part.

from __future__ import annotations

from collections.abc import Iterable

from ..edm import Model
from ..limits import Limits
from ..records import record
from ..uri.grammars import Grammar
from ..uri.urls import Url
from .option_binder import bind_options
from .options import BoundOptions
from .path_binder import PathBinder
from .path_rules import PathRules
from .resource import Resource
from .resource_options import Use, check_options
from .scope import Scope


@record
class BoundUrl:
    """A resource and what is asked of it."""

    resource: Resource
    options: BoundOptions


def bind_url(
    url: Url,
    model: Model,
    grammar: Grammar,
    limits: Limits,
    rules: PathRules,
    *,
    use: Use = Use.READ,
    key_as_segment: bool = False,
    default_namespaces: Iterable[str] = (),
    base: int = 0,
) -> BoundUrl:
    """What a URL of this grammar asks for, or an ODataError. `base` is where its literals count from (PathBinder)."""
    binder = PathBinder(
        model, grammar, limits, rules, key_as_segment=key_as_segment, default_namespaces=default_namespaces
    )
    resource = binder.bind(url.path, url.options, base=base)
    check_options(url.options.system, resource, use)
    scope = Scope(model, grammar, limits, resource.type, resource.source, resource.prefix)
    return BoundUrl(resource, bind_options(url.options, scope, base=base))
