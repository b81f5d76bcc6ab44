# Paths and calls within expressions: names, arguments, lambdas, types, options of $count.
# What stands between parentheses are expressions again, so this is the lower half of one parser (see expressions.py).

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from .grammars import STEP_PATTERN
from .lexer import BLANKS, Cursor
from .syntax import Argument, EnumLiteral, Lambda, Literal, Node, Options, Path, Segment

PATH_LEXEME: Final = re.compile(rf"{STEP_PATTERN}(?:[ \t]*+[/(].*)?", re.DOTALL)


class Calls(Cursor):
    """A parser of paths. A method's docstring is its production."""

    __slots__ = ()

    def expression(self, weakest: int = 1) -> Node:
        """commonExpr"""
        raise NotImplementedError

    def path(self) -> Path:
        """segment *( "/" segment )"""
        self.skip_to_name()
        segments: list[Segment] = []
        self._extend(segments)
        self._continue(segments)
        return Path(tuple(segments))

    def segment(self) -> Segment:
        """segment = name [ "(" arguments ")" ]"""
        segments: list[Segment] = []
        self._extend(segments)
        if len(segments) > 1:
            self.refuse("One name is expected.", segments[1].position)
        return segments[0]

    def _continue(self, segments: list[Segment]) -> None:
        """*( "/" segment ), the value of a key among them"""
        while True:
            lexeme = self.lexemes[self.cursor]
            if lexeme[:1] == "/" and lexeme != "/":
                if segments[-1].name[0] in "$@" and segments[-1].name != "$filter":
                    self.fail("a name")  # where nothing is that a key could pick from
                segments.append(Segment(lexeme[1:], None, None, self.starts[self.cursor] + 1))
                self.cursor += 1
            elif lexeme == "/" or (self.grammar.is_lenient and self.lexemes[self.cursor + 1] == "/"):
                if not self.take("/"):
                    return
                if self.grammar.is_lenient:
                    self.skip_blank()
                self._extend(segments)
                self.check_path(segments)
            else:
                return

    def _extend(self, segments: list[Segment]) -> None:
        """Add what the next lexeme names: segments, the last of them perhaps with arguments"""
        lexeme = self.lexemes[self.cursor]
        if not PATH_LEXEME.fullmatch(lexeme):
            self.fail("a name")
        if lexeme[-1] == "(":
            self._call(lexeme, segments)
        else:
            segments += self._steps(lexeme, self.starts[self.cursor])
            self.cursor += 1

    def _called(self, lexeme: str) -> Path:
        """A call, perhaps behind a path and with more behind it: `Orders/any(`"""
        segments: list[Segment] = []
        self._call(lexeme, segments)
        if self.lexemes[self.cursor][:1] == "/" or self.grammar.is_lenient:
            first = segments[0]
            if self.calls.get(first.name) in _FIRST and first.arguments and first.arguments[0].name is None:
                return Path((first,))  # castExpr and isofExpr lead no further
            self._continue(segments)
        if "." in lexeme or "$" in lexeme:
            self.check_path(segments)
        return Path(tuple(segments))

    def check_path(self, segments: list[Segment]) -> None:
        """What may stand where: variables first, types before a member or behind a property, $count last"""
        for index, segment in enumerate(segments):
            before = segments[index - 1] if index else None
            if not _may_follow(segment, before, is_last=index == len(segments) - 1):
                self.refuse(f"'{segment.name}' cannot stand here in a path.", segment.position)

    def _call(self, lexeme: str, segments: list[Segment]) -> None:
        """Add the segments of a path, the last of which has arguments in parentheses, and perhaps a key behind them"""
        position, name = self.starts[self.cursor], lexeme[:-1]
        if not name.isidentifier():
            before, slash, name = name.rpartition("/")
            if slash:
                segments += self._steps(before, position)
                position += len(before) + 1
            if not name.isidentifier():
                position += len(name) - len(name.lstrip(" \t"))
                name = name.strip(" \t")
            if name[:1] == "@":
                self.refuse("An alias or an annotation takes no parentheses.", position)
        self.cursor += 1
        self.enter(position)
        options = key = None
        if name == "$count":
            arguments, options = None, self._count_options()
        else:
            construct = self.calls.get(name)
            if construct is None or (construct in _FIRST) is (len(segments) > 0):
                arguments = self._arguments()
            else:
                arguments = _ARGUMENTS[construct](self, name, position)
            if self.lexemes[self.cursor] == "(":
                self.cursor += 1
                key = self._key()
        self.depth -= 1
        segments.append(Segment(name, arguments, options, position, key))

    def _count_options(self) -> Options:
        from .query_options import parse_nested_options  # options are made of expressions, and expressions of options

        opening, level = self.cursor - 1, 1
        while level:
            lexeme = self.lexemes[self.cursor]
            if not lexeme:
                self.fail("')'")
            level += (lexeme[-1] == "(") - (lexeme == ")")
            self.cursor += 1
        start, end = self.starts[opening + 1], self.starts[self.cursor - 1]
        return parse_nested_options(self.text, start, end, "count", self.grammar, self.limits, self.depth, self.nested)

    def _arguments(self) -> tuple[Argument, ...]:
        """[ argument *( "," argument ) ] ")"; argument = [ name "=" ] commonExpr"""
        if self.take(")"):
            return ()
        arguments: list[Argument] = []
        lexemes, named = self.lexemes, 0
        while True:
            name = None
            if lexemes[self.cursor][:1] in BLANKS:
                self.skip_blank()
            if lexemes[self.cursor + 1] == "=" or (self.grammar.is_lenient and self._is_named()):
                name = self.name()
                named += 1
                self.take("=")
                self.begin()
            arguments.append(Argument(self.expression(), name))
            mark = lexemes[self.cursor]
            if mark == ",":
                self.cursor += 1
            elif not self.take(","):
                self.expect(")")
                break
        if named not in (0, len(arguments)):
            self.refuse("Either all arguments have names or none has.", self.starts[self.cursor - 1])
        return tuple(arguments)

    def _key(self) -> tuple[Argument, ...]:
        """parenthesisedKey = OPEN keyPropertyValue CLOSE, with names for more than one"""
        position = self.starts[self.cursor]
        key = self._arguments()
        if not key or (len(key) > 1 and key[0].name is None) or not all(is_key_value(item.value) for item in key):
            self.refuse("The value of a key is expected.", position)
        return key

    def _is_named(self) -> bool:
        """Whether the next argument has a name; v2 and v3 clients put blanks around its equals sign."""
        following, second = self.lexemes[self.cursor + 1 : self.cursor + 3]
        return "=" in (following, following.strip(" \t") or second)

    def _lambda(self, name: str, position: int) -> tuple[Argument, ...]:
        """[ lambdaVariable BWS ":" BWS boolCommonExpr ] BWS ")" of any and all; else the arguments of a function"""
        variable = self.lexemes[self.cursor]
        if self.lexemes[self.cursor + 1] != ":" or not variable.isidentifier():
            if not self._is_lambda(name, position):
                return self._arguments()
            variable = self.lexemes[self.cursor]
        position = self.starts[self.cursor]
        self.cursor += 1
        self.expect(":")
        self.lambdas += 1
        if self.lambdas > self.limits.lambda_depth:
            limit = self.limits.lambda_depth
            self.refuse(f"any and all are nested too deeply: the limit lambda_depth is {limit}.", position)
        body = self.expression()
        self.lambdas -= 1
        self.expect(")")
        return (Argument(Lambda(variable, body, position)),)

    def _is_lambda(self, name: str, position: int) -> bool:
        """Whether a variable follows, with blanks around it"""
        self.skip_blank()
        if self.lexemes[self.cursor] == ")" and name.lower() == "all":
            self.refuse("'all' needs a variable and a condition: all(x:...).", position)
        first, second, third = self.lexemes[self.cursor : self.cursor + 3]
        return first.isidentifier() and (second == ":" or (third == ":" and not second.strip(" \t")))

    def _typed(self, _name: str, _position: int) -> tuple[Argument, ...]:
        """[ commonExpr BWS "," BWS ] optionallyQualifiedTypeName BWS ")" of cast and isof"""
        if self.has_parameters(self.cursor):
            return self._arguments()
        self.skip_blank()
        arguments = []
        first, second, third = self.lexemes[self.cursor : self.cursor + 3]
        is_alone = first.replace(".", "").isidentifier() and ")" in (second, second.strip(" \t") or third)
        if first != "Collection(" and not is_alone:
            arguments.append(Argument(self.expression()))
            self.expect(",")
        arguments.append(Argument(self._type()))
        self.expect(")")
        return tuple(arguments)

    def _type(self) -> Path:
        """optionallyQualifiedTypeName = name / "Collection" OPEN name CLOSE"""
        self.skip_blank()
        position = self.starts[self.cursor]
        if self.lexemes[self.cursor] != "Collection(":
            return Path((Segment(self.name("the name of a type"), position=position),))
        self.cursor += 1
        item = Path((Segment(self.name("the name of a type"), position=position),))
        self.expect(")")
        return Path((Segment("Collection", (Argument(item),), None, position),))

    def _aggregate(self, _name: str, _position: int) -> tuple[Argument, ...]:
        """The arguments of /aggregate(...) in a path (Data Aggregation 4.0, 5.2.2)"""
        from .apply import aggregate_item  # $apply is made of expressions, and expressions of its aggregations

        arguments = [Argument(aggregate_item(self))]
        while self.take(","):
            arguments.append(Argument(aggregate_item(self)))
        self.expect(")")
        return tuple(arguments)

    def has_parameters(self, cursor: int) -> bool:
        """Whether in the parentheses that open before `cursor` stand named parameters, or nothing"""
        first, second, third = self.lexemes[cursor : cursor + 3]
        if first and not first.strip(" \t"):
            first, second = second, third
        return first == ")" or second == "="

    def _steps(self, lexeme: str, position: int) -> list[Segment]:
        """The segments of `Address/City`"""
        segments = []
        for name in lexeme.split("/"):
            segments.append(Segment(name, None, None, position))
            position += len(name) + 1
        return [_bare(segment) for segment in segments] if self.grammar.is_lenient else segments


def is_key_value(value: Any) -> bool:
    """A literal or a parameter alias: what picks an entity, and what a resource path holds."""
    if isinstance(value, Path):
        return len(value.segments) == 1 and _ALIAS.fullmatch(value.segments[0].name) is not None
    return isinstance(value, Literal | EnumLiteral)


_ALIAS: Final = re.compile(r"@\w+")
_FIRST: Final = frozenset({"cast", "isof"})  # constructs that begin a path; the others stand behind one
_VARIABLES: Final = frozenset({"$it", "$this", "$these", "$root"})
_PARTS: Final = frozenset({"$count", "$filter"})


def _may_follow(segment: Segment, before: Segment | None, *, is_last: bool) -> bool:
    """firstMemberExpr, rootExpr and collectionPathExpr, as far as they do not depend on what names mean."""
    name, is_call = segment.name, segment.arguments is not None
    if name[0] == "$":
        if before is None:
            return name in _VARIABLES and not is_call and not (is_last and name in ("$root", "$these"))
        if name not in _PARTS or before.name in ("$it", "$this", "$root") or (name == "$count" and not is_last):
            return False
        return name == "$count" or (is_call and [argument.name for argument in segment.arguments or ()] == [None])
    if before is not None and before.name == "$these":
        return is_call or name[0] == "@"
    if "." not in name or is_call or name[0] == "@":
        return before is None or before.name != "$root" or not ("." in name or name[0] == "@")
    # A type: a value by itself it is none, only behind something that it narrows; cast and isof read theirs as such.
    if before is not None and before.name == "$root":
        return False
    is_first = before is None or before.name[0] == "$"
    return not (is_first and is_last) and not (before is not None and _is_type(before))


def _is_type(segment: Segment) -> bool:
    return "." in segment.name and segment.arguments is None and segment.name[0] != "@"


def _bare(segment: Segment) -> Segment:
    """Without the blanks around its name."""
    name = segment.name.strip(" \t")
    return Segment(name, None, None, segment.position + segment.name.index(name))


# A construct -> who reads what it has in parentheses.
_ARGUMENTS: Final[Mapping[str, Callable[[Calls, str, int], tuple[Argument, ...]]]] = {
    "any": Calls._lambda,
    "all": Calls._lambda,
    "cast": Calls._typed,
    "isof": Calls._typed,
    "aggregate": Calls._aggregate,
}
