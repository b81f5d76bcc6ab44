# Trees of one dialect -> trees of another that mean the same: what a client of one version asks, for a service of
# another. What the target cannot say is refused with the reason; nothing is left out or guessed from a name.
# Strategy: each part converts what has another form in the target and leaves the rest as it is; then the result is
# printed once, since the printer knows (uri.constructs) what a dialect cannot say.
# Types are kept: 5L of v3 is an Edm.Int64 in the tree of v4, too, where its text is 5. Two types change because v4 has
# others: Edm.DateTime becomes Edm.DateTimeOffset in UTC, and Edm.Time, a time of day, becomes Edm.TimeOfDay.

from __future__ import annotations

from typing import overload

from ..grammars import Grammar
from ..option_printer import print_options
from ..printer import print_expression
from ..syntax import Node, Options, Segment
from ..url_printer import print_path, print_url
from ..urls import Url
from .expressions import translate_expression
from .options import translate_options
from .paths import translate_path


@overload
def translate(tree: Url, source: Grammar, target: Grammar) -> Url: ...
@overload
def translate(tree: Options, source: Grammar, target: Grammar) -> Options: ...
@overload
def translate(tree: tuple[Segment, ...], source: Grammar, target: Grammar) -> tuple[Segment, ...]: ...
@overload
def translate(tree: Node, source: Grammar, target: Grammar) -> Node: ...
def translate(
    tree: Url | Options | tuple[Segment, ...] | Node, source: Grammar, target: Grammar
) -> Url | Options | tuple[Segment, ...] | Node:
    """A URL, options, a resource path or an expression of `source`, in `target`; NotImplementedHere where that cannot
    say it."""
    if source is target:
        return tree
    match tree:
        case Url(path, options, fragment):
            url = Url(translate_path(path, source, target), translate_options(options, source, target), fragment)
            print_url(url, target)
            return url
        case Options():
            translated = translate_options(tree, source, target)
            print_options(translated, target)
            return translated
        case tuple():
            segments = translate_path(tree, source, target)
            print_path(segments, target)
            return segments
        case _:
            node = translate_expression(tree, source, target)
            print_expression(node, target)
            return node
