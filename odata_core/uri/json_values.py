# JSON within expressions: arrays, objects and strings, whose values are expressions again (see expressions.py).

from __future__ import annotations

import json

from ..edm import primitives as edm
from .calls import Calls
from .syntax import Items, Literal, Members, Node


class JsonValues(Calls):
    """A parser of JSON values. A method's docstring is its production."""

    __slots__ = ()

    def json_value(self) -> Node:
        """arrayOrObject / stringInUrl / commonExpr"""
        self.skip_blank()
        lexeme = self.lexemes[self.cursor]
        if lexeme[:1] == '"':
            position = self.starts[self.cursor]
            return Literal(self._json_text(), edm.STRING, position)
        return self.expression()

    def array(self, _lexeme: str) -> Node:
        """array = "[" [ valueInUrl *( "," valueInUrl ) ] "]" """
        position = self._open()
        items: list[Node] = []
        if not self.take("]"):
            items.append(self.json_value())
            while self.take(","):
                items.append(self.json_value())
            self.expect("]")
        self.depth -= 1
        return Items(tuple(items), True, position)

    def object(self, _lexeme: str) -> Node:
        """object = "{" [ member *( "," member ) ] "}" """
        position = self._open()
        members: list[tuple[str, Node]] = []
        if not self.take("}"):
            members.append(self._member())
            while self.take(","):
                members.append(self._member())
            self.expect("}")
        self.depth -= 1
        return Members(tuple(members), position)

    def _open(self) -> int:
        position = self.starts[self.cursor]
        self.enter(position)
        self.cursor += 1
        return position

    def _member(self) -> tuple[str, Node]:
        """member = stringInUrl nameSeparator valueInUrl"""
        self.skip_blank()
        name = self._json_text()
        self.expect(":")
        return name, self.json_value()

    def _json_text(self) -> str:
        lexeme = self.lexemes[self.cursor]
        if lexeme[:1] != '"' or len(lexeme) < 2 or lexeme[-1] != '"':
            self.fail("a name in double quotation marks")
        try:
            text: str = json.loads(lexeme, strict=False)
        except ValueError:
            self.refuse("The JSON string is not well-formed.", self.starts[self.cursor])
        self.cursor += 1
        return text
