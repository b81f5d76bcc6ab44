# Parser and grammar accept the same language: texts drawn from `odata.lark` and mutations of them are accepted by both
# or by neither. The grammar is an independent witness: written after the ABNF, read by an Earley parser.
# Where the two differ on purpose stands in two tables, each row with its reason: what the parser takes beyond the
# grammar, because clients send it or because the binder says better what is wrong, and what it does not take.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from odata_core.errors import ODataError
from odata_core.limits import Limits
from odata_core.testing.grammar import reference_parser, texts_of
from odata_core.uri.encoding import decode
from odata_core.uri.grammars import V4_GRAMMAR
from odata_core.uri.rules import find_rule
from odata_core.uri.syntax import Argument, EnumLiteral, Literal, Options, Path, Tree
from odata_core.uri.urls import Url

LIMITS = Limits()

# ------------------------------------------------------------------ where the parser takes more

_ARITIES: Final[Mapping[str, tuple[int, ...]]] = {
    **dict.fromkeys("mindatetime maxdatetime now".split(), (0,)),
    **dict.fromkeys(
        """length tolower toupper trim year month day hour minute second fractionalseconds totalseconds date time
        totaloffsetminutes round floor ceiling geo.length isdefined""".split(),
        (1,),
    ),
    **dict.fromkeys(
        """concat contains endswith indexof matchespattern startswith geo.distance geo.intersects hassubset
        hassubsequence""".split(),
        (2,),
    ),
    "substring": (2, 3),
}
_CONSTRUCTS: Final = frozenset({"any", "all", "cast", "isof", "aggregate", "$filter", "Collection"})


def nodes(tree: Any) -> Iterator[Tree]:
    """Every node of a tree, or of trees within tuples and mappings."""
    if isinstance(tree, Tree):
        yield tree
        tree = [getattr(tree, name) for name in type(tree).__struct_fields__]
    if isinstance(tree, Url):
        tree = (tree.path, tree.options)
    if isinstance(tree, Mapping):
        tree = list(tree.values())
    if isinstance(tree, list | tuple):
        for part in tree:
            yield from nodes(part)


def is_key(argument: Argument) -> bool:
    value = argument.value
    alias = isinstance(value, Path) and len(value.segments) == 1 and value.segments[0].name[0] == "@"
    return argument.name is None and (alias or isinstance(value, EnumLiteral | Literal))


def calls_freely(path: Path) -> bool:
    """Whether a call has other arguments without names than the ABNF lists for its name."""
    for segment in path.segments:
        given_ = segment.arguments or ()
        if not given_ or given_[0].name is not None or segment.name.lower() in _CONSTRUCTS:
            continue
        is_alone = len(path.segments) == 1 and segment.key is None
        if "." in segment.name and segment is path.segments[0]:
            return True
        name = segment.name.lower() if segment.name.lower() != "isdefined" else segment.name
        if is_alone and len(given_) in _ARITIES.get(name, ()):
            continue
        if not (len(given_) == 1 and is_key(given_[0])):
            return True
    return False


@dataclass(frozen=True)
class Case:
    """A text, decoded too, and what the parser makes of it: a tree or a refusal."""

    rule: str
    text: str
    plain: str
    outcome: Any

    @property
    def refused(self) -> str:
        """What the refusal quotes: the option or the segment that is at fault."""
        return getattr(self.outcome, "text", None) or ""

    @property
    def message(self) -> str:
        return str(self.outcome)


@dataclass(frozen=True)
class Difference:
    """A difference that is meant. `text` is an example, by the start rule before it."""

    reason: str
    holds: Callable[[Case], bool]
    rule: str
    text: str


def found(pattern: str, flags: int = 0) -> Callable[[Case], bool]:
    compiled = re.compile(pattern, flags)
    return lambda case: compiled.search(case.plain) is not None


def says(message: str) -> Callable[[Case], bool]:
    return lambda case: message in case.message


def calls(case: Case) -> bool:
    return any(isinstance(node, Path) and calls_freely(node) for node in nodes(case.outcome))


def has_custom_options(case: Case) -> bool:
    return any(isinstance(node, Options) and node.custom for node in nodes(case.outcome))


def is_accepted_with_plus(case: Case) -> bool:
    return "+" in case.text and parsed(case.rule, case.text.replace("+", "%2B"))[0]


def is_of_segment(case: Case) -> bool:
    """Whether what is refused is a segment of a path, with a parenthesis in it."""
    return "(" in case.refused and case.refused in case.plain.partition("?")[0].split("/")


ACCEPTED: Final = (
    Difference(
        "a filter behind a type at the beginning of a path: whether that is of a collection, only the model says",
        found(r"(?<![\w/)])\w+(?:\.\w+)+/\$filter\("),
        "commonExpr",
        "A.B/$filter(true) in C",
    ),
    Difference(
        "places on the globe without SRID, as many clients write them",
        found(r"geography'(?!SRID)", re.IGNORECASE),
        "filter",
        "$filter=geo.length(geography'LineString(1 1,2 2)') gt 1",
    ),
    Difference(
        "suffixes of numbers of version 3, which DevExtreme, odata-query and SAP's Cloud SDK write in version 4, too",
        found(r"[0-9][mMLfFD](?![\w.])"),
        "filter",
        "$filter=Price gt 1m",
    ),
    Difference(
        "identifiers are Unicode letters (CSDL 4.01, 17.2), as the ABNF's comment says: 1C publishes Cyrillic names",
        found(r"[^\x00-\x7f]"),
        "filter",
        "$filter=%D0%A6%D0%B5%D0%BD%D0%B0 gt 5",
    ),
    Difference(
        "blanks around commas, which many clients write", found(r"[ \t+],|,[ \t+]"), "orderby", "$orderby=Name desc, ID"
    ),
    Difference(
        "blanks around the items of $select and $expand, and the one that SAP's Cloud SDK leaves behind $orderby",
        found(r"=[ \t+]|[ \t+](?:[;)&]|\Z)"),
        "expand",
        "$expand=A($select= ID, Name ;$orderby=Name )",
    ),
    Difference(
        "blanks within the parentheses of a key: before names mean something it may be a function with its parameters",
        found(r"\([ \t]|[ \t]\)"),
        "commonExpr",
        "Items( 1 )/Name",
    ),
    Difference(
        "what may follow a filtered annotation: that needs its type",
        found(r"@.*/\$filter\("),
        "commonExpr",
        "@A/$filter(B)/C",
    ),
    Difference(
        "characters that no URL holds, in custom options: what those mean is not ours to say",
        has_custom_options,
        "queryOptions",
        "custom=a{",
    ),
    Difference(
        "slashes at the end, doubled ones and the service root: clients send `Set/` and `//`",
        found(r"//|/\Z|/\?|\A\Z|\A\?"),
        "resourcePath",
        "Products/",
    ),
    Difference(
        "a question mark with nothing behind it: clients put URLs together from parts",
        found(r"\?\Z"),
        "odataRelativeUri",
        "$metadata?",
    ),
    Difference(
        "what is around $each: whether a segment is a type, an operation or a key is the binder's to say",
        found(r"/\$each"),
        "resourcePath",
        "Products/$each/A/B",
    ),
    Difference(
        "functions of any name with any number of arguments: the binder knows them, and suggests what was meant",
        calls,
        "filter",
        "$filter=contain(Name,'x')",
    ),
)
"""What the parser accepts and the grammar does not."""

REFUSED: Final = (
    Difference(
        "an ampersand ends an option wherever it stands: URLs are split before they are understood",
        lambda case: "&" in case.text,
        "filter",
        "$filter=Name eq 'a&b'",
    ),
    Difference(
        "a plus sign in a query is a blank (the form rule), also in geo literals, where the ABNF has it unencoded",
        is_accepted_with_plus,
        "filter",
        "$filter=geo.length(geography'SRID=0;LineString(+1 2,3 4)') eq 1",
    ),
    Difference(
        "an apostrophe in a word of a search in parentheses, where it looks like a string",
        found("search.*'", re.IGNORECASE | re.DOTALL),
        "expand",
        "$expand=A($search=don't)",
    ),
    Difference(
        "numbers of more than 15 digits, beyond the limit of $top: no backend could hold them",
        found("[0-9]{16}"),
        "queryOptions",
        "$skip=1000000000000000000",
    ),
    Difference(
        "an alias, or an option in parentheses, given twice (the binder refuses the others)",
        says("is given more than once."),
        "expand",
        "$expand=A($top=1;$top=2)",
    ),
    Difference(
        "an @ that is encoded begins a parameter alias like one that is not",
        lambda case: "%40" in case.text and re.search(r"(?:\A|[&?])@", case.plain) is not None,
        "queryOptions",
        "%40custom",
    ),
    Difference(
        "a key in an expression that looks like the name of a type is one",
        found(r"/\w+(?:\.\w+)+/\w+(?:\.\w+)+"),
        "commonExpr",
        "Items/NS.Type/a.b",
    ),
    Difference(
        "several groupings behind one 'from', which no service has asked for yet",
        found(r"\sfrom\s+[\w./@#]+\s*,"),
        "apply",
        "$apply=aggregate(A with sum from B,C with max as D)",
    ),
    Difference(
        "a segment with a parenthesis is a call, never a key as it stands", is_of_segment, "resourcePath", "Products/a("
    ),
    Difference(
        "control characters in a fragment, which no URL holds",
        lambda case: re.search(r"#.*[\x00-\x1f\x7f]", case.text, re.DOTALL) is not None,
        "odataRelativeUri",
        "$metadata#A(B='\x14')/C/$link",
    ),
    Difference(
        "'all' is the quantifier, not a function without parameters (an official case)",
        found(r"\ball\(\s*\)", re.IGNORECASE),
        "commonExpr",
        "Items/all()",
    ),
    Difference(
        "'not' in front of an operator is no member: nobody needs one of that name",
        found(r"\bnot\s", re.IGNORECASE),
        "commonExpr",
        "not eq 1",
    ),
    Difference(
        "a time wins over a number, a colon and a number, also within case()",
        found(r"case.*[0-9]{2}:[0-9]{2}", re.IGNORECASE | re.DOTALL),
        "commonExpr",
        "case(A eq 10:20)",
    ),
)
"""What the grammar accepts and the parser does not."""


# ------------------------------------------------------------------ the property

RULES: Final = """
    commonExpr boolCommonExpr primitiveLiteral filter orderby expand select search compute apply
    resourcePath queryOptions odataRelativeUri
""".split()

_PIECES: Final = [
    *"( ) ' / , = : ; - + . * @ $ [ ] { } \" & # ~ 1 a null true not eq and in has any( all( case( x: asc desc".split(),
    *"$count $it $value $VALUE $filter= $top=1 %20 %27 %28 %29 %2C %3B %22 %2B NOT AND OR INF NaN".split(),
    *"12:00 2020-01-01 Edm.String duration'P1D'".split(),
    *(" ", "\t", " eq ", " and ", "not ", " desc"),
]
_BLANKS: Final = (" ", "\t", "%20")


@st.composite
def mutations(draw: DrawFn, text: str) -> str:
    """The text with pieces deleted, inserted, replaced, doubled, swapped, in other case, with blanks."""
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from((1, 1, 2, 3, 5))))
        piece = text[start:end]
        change = draw(st.sampled_from(("delete", "insert", "replace", "double", "case", "blank", "move")))
        if change in ("insert", "replace"):
            piece = draw(st.sampled_from(_PIECES)) + (piece if change == "insert" else "")
        elif change == "blank":
            piece = draw(st.sampled_from(_BLANKS)) + piece
        else:
            piece = {"delete": "", "double": piece * 2, "case": piece.swapcase(), "move": ""}[change]
        if change == "move":
            rest = text[:start] + text[end:]
            target = draw(st.integers(0, len(rest)))
            text = rest[:target] + text[start:end] + rest[target:]
        else:
            text = text[:start] + piece + text[end:]
    return text


_UNRESERVED: Final = re.compile(r"%(?:2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])", re.IGNORECASE)


def normalised(text: str) -> str:
    """Unreserved characters stand unencoded (RFC 3986, 6.2.2.2): so the grammar wants it."""
    return _UNRESERVED.sub(lambda escape: chr(int(escape[0][1:], 16)), text)


@st.composite
def texts_near(draw: DrawFn, rule: str, size: int = 25) -> str:
    """A text of the rule, or one that is nearly of it."""
    text = draw(texts_of(rule, size=size))
    return normalised(draw(mutations(text))) if draw(st.integers(0, 3)) else text


def parsed(rule: str, text: str) -> tuple[bool, Any]:
    try:
        return True, find_rule(rule)(text, V4_GRAMMAR, LIMITS)
    except ODataError as error:
        return False, error


_STRING: Final = re.compile(r"(?:'|%27)(?:[^'%]|%(?!27))*+(?:'|%27)")
_PATH: Final = re.compile(r"\A[^?]*+")
_UNSAFE: Final = re.compile(r'[{}\[\]"\\|]')
_UNSAFE_IN_STRINGS: Final = re.compile(r'[{}\[\]"\\|/?#]')


def encoded(text: str) -> tuple[str, ...]:
    """The text as it should be: what clients and servers let stand unencoded is encoded, in strings and in paths.

    Blanks may stand unencoded between words, so they may everywhere; in well-known text they even must. In a query a
    plus sign is one, too (the form rule).
    """
    text = _STRING.sub(lambda found: _UNSAFE_IN_STRINGS.sub(lambda mark: f"%{ord(mark[0]):02X}", found[0]), text)
    in_path = _PATH.sub(lambda found: _UNSAFE.sub(lambda mark: f"%{ord(mark[0]):02X}", found[0]), text)
    tight = text.replace(" ", "%20").replace("\t", "%09")
    return tight, tight.replace("+", "%20"), in_path.replace(" ", "%20").replace("\t", "%09"), text.replace("%20", " ")


_ENCODED: Final = re.compile("%2[6B]", re.IGNORECASE)  # an ampersand or a plus that is none


def difference(rule: str, text: str) -> str | None:
    """How parser and grammar differ on a text, None if they agree or are known to differ."""
    accepts = reference_parser(rule)
    is_accepted, tree = parsed(rule, text)
    if accepts(text) is is_accepted or (is_accepted and any(map(accepts, encoded(text)))):
        return None
    try:
        plain = decode(_ENCODED.sub("_", text))
    except ODataError:
        plain = text
    case = Case(rule, text, plain, tree)
    if any(known.holds(case) for known in (ACCEPTED if is_accepted else REFUSED)):
        return None
    return "the parser accepts what the grammar refuses" if is_accepted else f"the grammar accepts, but: {tree}"


CALM = settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
)


@pytest.mark.parametrize("rule", RULES)
@CALM
@given(data=st.data())
def test_parser_and_grammar_agree(rule: str, data: st.DataObject) -> None:
    text = data.draw(texts_near(rule))
    assert difference(rule, text) is None, text


@pytest.mark.parametrize("known", [*ACCEPTED, *REFUSED], ids=lambda known: known.text)
def test_a_difference_is_one(known: Difference) -> None:
    """Strict: a difference that is no more must leave its table."""
    is_accepted, outcome = parsed(known.rule, known.text)
    assert is_accepted is (known in ACCEPTED)
    assert reference_parser(known.rule)(known.text) is not is_accepted
    assert known.holds(Case(known.rule, known.text, decode(known.text), outcome))
