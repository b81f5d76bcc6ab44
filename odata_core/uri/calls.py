# Paths and calls within expressions: names, arguments, lambdas, types, options of $count.
# What stands between parentheses are expressions again, so this is the lower half of one parser (see expressions.py).

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from .grammars import STEP_PATTERN
from .lexer import BLANKS, Cursor
from .syntax import Argument, Lambda, Node, Options, Path, Segment

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
        """*( "/" segment ); below $root also the bare value of a key"""
        while self.lexemes[self.cursor] == "/" or (self.grammar.is_lenient and self.lexemes[self.cursor + 1] == "/"):
            if not self.take("/"):
                return
            if self.grammar.is_lenient:
                self.skip_blank()
            lexeme = self.lexemes[self.cursor]
            if segments[0].name == "$root" and self.literal(lexeme, 0) is not None:
                segments.append(Segment(lexeme, None, None, self.starts[self.cursor]))
                self.cursor += 1
            else:
                self._extend(segments)

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
        if self.lexemes[self.cursor] == "/" or self.grammar.is_lenient:
            self._continue(segments)
        return Path(tuple(segments))

    def _call(self, lexeme: str, segments: list[Segment]) -> None:
        """Add the segments of a path, the last of which has arguments in parentheses, and perhaps a key behind them"""
        position, name = self.starts[self.cursor], lexeme[:-1]
        if not name.isidentifier():
            before, slash, name = name.rpartition("/")
            if slash:
                segments += self._steps(before, position)
                position += len(before) + 1
            position += len(name) - len(name.lstrip(" \t"))
            name = name.strip(" \t")
        self.cursor += 1
        self.enter(position)
        options = key = None
        if name == "$count":
            arguments, options = None, self._count_options()
        else:
            construct = self.calls.get(name)
            arguments = self._arguments() if construct is None else _ARGUMENTS[construct](self, name, position)
            if self.lexemes[self.cursor] == "(":
                self.cursor += 1
                key = self._arguments()
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
        lexemes = self.lexemes
        while True:
            name = None
            if lexemes[self.cursor][:1] in BLANKS:
                self.skip_blank()
            if lexemes[self.cursor + 1] == "=":
                name = self.name()
                self.cursor += 1
            arguments.append(Argument(self.expression(), name))
            mark = lexemes[self.cursor]
            if mark == ",":
                self.cursor += 1
            elif not self.take(","):
                self.expect(")")
                return tuple(arguments)

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

    def _steps(self, lexeme: str, position: int) -> list[Segment]:
        """The segments of `Address/City`"""
        segments = []
        for name in lexeme.split("/"):
            segments.append(Segment(name, None, None, position))
            position += len(name) + 1
        return [_bare(segment) for segment in segments] if self.grammar.is_lenient else segments


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
