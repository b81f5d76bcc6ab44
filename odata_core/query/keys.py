# Keys of entities in a path: `(5)`, `(b=2,a=1)`, alternate keys, and bare values as segments -> constants in key order.
# Values are bound like every other expression, so parameter aliases and enumerations work, and keep their place in the
# path as `origin`. What a referential constraint tells may be left out (4.01 Part 2, 4.3.3).

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from ..edm import EntityType, EnumType, NavigationProperty, PrimitiveType, Property, StructuredType, name_of
from ..errors import BadRequest, suggestion
from ..records import record
from ..uri.keys import read_key_segment
from ..uri.syntax import Argument
from .binder import Binder
from .fitting import describe, fit, is_number
from .resource import FromSource, Key, Step
from .tree import Cast, Constant

Implied = Mapping[str, Constant | FromSource]


@record
class KeyBinder:
    """Binds the key of one entity. `owner` is its collection as the path names it.

    `implied` are the values of key parts that the path before tells.
    """

    kind: EntityType
    owner: str
    binder: Binder
    implied: Implied

    # ------------------------------------------------------------ in parentheses

    def predicate(self, arguments: Sequence[Argument]) -> Key:
        """keyPredicate = "(" value ")" / "(" name "=" value *( "," name "=" value ) ")" """
        if not self.kind.key:
            self._fail(f"'{self.kind.qualified_name}' has no key, so no entity of '{self.owner}' can be named by one.")
        if len(arguments) == 1 and arguments[0].name is None:
            return self._key({self._only_part(): arguments[0]})
        return self._key(self._named(arguments))

    def _only_part(self) -> str:
        """The part of the key that a value without a name is for."""
        if len(self.kind.key) == 1:
            return self.kind.key[0]
        free = [name for name in self.kind.key if name not in self.implied]
        if len(free) != 1:
            self._wrong_count()
        return free[0]

    def _named(self, arguments: Sequence[Argument]) -> dict[str, Argument]:
        known = {*self.kind.key, *(name for key in self.kind.alternate_keys for name in key)}
        if len(arguments) != len(self.kind.key) and not any(argument.name in known for argument in arguments):
            self._wrong_count()
        values: dict[str, Argument] = {}
        for argument in arguments:
            if argument.name is None:
                self._fail("Segments with multiple key values must specify them in 'name=value' form.", argument)
            if argument.name not in known:
                hint = suggestion(argument.name, known)
                self._fail(f"'{argument.name}' is no key of '{self.owner}'.{hint}", argument)
            if argument.name in values:
                self._fail(f"The key '{argument.name}' is given twice.", argument)
            values[argument.name] = argument
        return values

    def _key(self, given: Mapping[str, Argument]) -> Key:
        kind = self.kind
        missing = [name for name in kind.key if name not in given]
        if given.keys() <= set(kind.key) and all(name in self.implied for name in missing):
            values = tuple(
                [
                    self._value(kind.key_property(name), given[name]) if name in given else self.implied[name]
                    for name in kind.key
                ]
            )
            return Key(kind.key, values)
        for alternate in kind.alternate_keys:
            if given.keys() == alternate.keys():
                names = tuple(alternate)
                found = [self._value(_end_of(alternate[name]), given[name], name) for name in names]
                return Key(names, tuple(found), is_alternate=True)
        self._wrong_count()

    def _value(self, prop: Property, argument: Argument, name: str | None = None) -> Constant:
        bound = self.binder.argument(argument)
        if not isinstance(bound, Constant):
            self._fail(f"The key '{name or prop.name}' must be a literal, not {describe(bound)}.", argument)
        fitted = _fit_key(bound, prop)
        if fitted is None:
            found = name_of(bound.type) if bound.type is not None else "null"
            what = f"The key '{name or prop.name}' of type {prop.type_name}"
            self._fail(f"{what} was given a value of type {found}.", argument)
        return self._checked(fitted, prop, name or prop.name, argument)

    def _checked(self, constant: Constant, prop: Property, name: str, argument: Argument) -> Constant:
        """The constant, if it obeys the facets of its property."""
        try:
            return replace(constant, value=prop.accept(constant.value))
        except ValueError as error:
            self._fail(f"The value of the key '{name}' of type {prop.type_name} does not fit: {error}.", argument)

    # ------------------------------------------------------------ as segments

    @property
    def segment_names(self) -> tuple[str, ...]:
        """The parts that segments give: what a constraint tells MUST be left out (4.01 Part 2, 4.3.6)."""
        return tuple([name for name in self.kind.key if name not in self.implied]) or self.kind.key

    def segments(self, texts: Sequence[str], readers: Mapping[str, Callable[[str], Any]]) -> Key:
        """The key of bare values, one segment for each part. `readers` are those of the dialect, by type."""
        names = self.segment_names
        if len(texts) != len(names):
            self._wrong_count()
        given: dict[str, Constant] = {}
        origin = self.binder.base
        for name, text in zip(names, texts, strict=True):
            prop = self.kind.key_property(name)
            given[name] = Constant(read_key_segment(prop, text, readers), prop.type, origin=origin)
            origin += len(text) + 1
        values = tuple([given.get(name) or self.implied[name] for name in self.kind.key])
        return Key(self.kind.key, values, is_bare=True)

    # ------------------------------------------------------------ refusals

    def _wrong_count(self) -> NoReturn:
        key = ", ".join(self.kind.key)
        others = "".join(f" or {', '.join(names)}" for names in self.kind.alternate_keys)
        self._fail(
            "The number of keys specified in the URI does not match number of key properties for the resource "
            f"'{self.owner}': {key}{others}."
        )

    def _fail(self, message: str, argument: Argument | None = None) -> NoReturn:
        position = getattr(argument.value, "position", 0) if argument is not None else 0
        raise BadRequest(message, text=self.binder.text, position=position)


def _fit_key(constant: Constant, prop: Property) -> Constant | None:
    """A literal as a value of a key's type; None where it is none."""
    kind = prop.type
    if constant.value is None:
        return None
    if is_number(constant.type) and is_number(kind) and isinstance(kind, PrimitiveType):
        try:
            return replace(constant, value=kind.accept(constant.value), type=kind)
        except ValueError:
            return None
    fitted = fit(constant, kind)
    is_typed = fitted is not None and fitted.type is kind and isinstance(kind, PrimitiveType | EnumType)
    return fitted if is_typed else None


def _end_of(way: Sequence[Any]) -> Property:
    """The property at the end of an alternate key's way."""
    last = way[-1]
    assert isinstance(last, Property), "the model was validated"
    return last


def implied_by(steps: Sequence[Step], source: StructuredType, navigation: NavigationProperty) -> Implied:
    """The key values of a navigation's targets that its referential constraint, or its partner's, ties to the source.

    Where the source was named by its key in the steps before, the values are known; else they are read from it.
    """
    known: dict[str, Constant | FromSource] = {}
    last = next((step for step in reversed(steps) if not isinstance(step, Cast)), None)
    if isinstance(last, Key) and not last.is_alternate:
        known = dict(zip(last.names, last.values, strict=True))
    return {
        there: known.get(here) if isinstance(known.get(here), Constant) else FromSource(here)  # type: ignore[misc]
        for here, there in _constraint(source, navigation)
        if there in navigation.target.key
    }


def _constraint(source: StructuredType, navigation: NavigationProperty) -> Iterable[tuple[str, str]]:
    """Pairs of a property here and the property of the target that equals it."""
    yield from navigation.on
    partner = navigation.target.navigation.get(navigation.partner or "")
    if partner is not None and source.is_a(partner.target):
        yield from ((here, there) for there, here in partner.on)
