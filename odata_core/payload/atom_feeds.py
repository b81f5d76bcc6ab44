# What feed customizations do to an Atom entry: properties that show as elements of the entry, written and read.
# Strategy: for each type the mappings are sorted once into those that replace what every entry has (its title, its
# author, the moment of its update) and those that come on top; a value is text by the codec of its type.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from ..csdl.markup import Element
from ..edm import EntityType, PrimitiveType, Property
from ..edm import primitives as edm
from ..edm.feeds import FeedMapping
from ..edm.rows import Row
from ..records import record
from .values_xml import XML_CODECS

Quote = Callable[[str], str]

ATOM: Final = "http://www.w3.org/2005/Atom"
_PREFIX: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


@record
class _Mapped:
    """A mapping with the type of its property."""

    mapping: FeedMapping
    prop: Property

    def text(self, row: Row) -> str | None:
        """The value of a row as text; None for null, which is said among the properties."""
        value: Any = row
        for name in self.mapping.source:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            return None
        assert isinstance(self.prop.type, PrimitiveType), "that was seen before"
        codec = XML_CODECS.get(self.prop.type)
        return value if codec is None or codec.write is None else str(codec.write(value))


@record
class FeedMap:
    """The mappings of a type. `own` are those with a namespace of their own."""

    atom: tuple[_Mapped, ...]
    own: tuple[_Mapped, ...]

    def moved(self, row: Row) -> frozenset[str]:
        """The properties of a row that are not among the properties of its content.

        Those that are null always are, and empty ones: elements that every entry has are often empty.
        """
        return frozenset(
            [
                one.mapping.source[0]
                for one in (*self.atom, *self.own)
                if not one.mapping.keeps and len(one.mapping.source) == 1 and one.text(row)
            ]
        )

    def texts(self, row: Row) -> dict[tuple[str, ...], tuple[str, str]]:
        """The elements of Atom: their ways, what they hold, and the kind of that."""
        found = {}
        for one in self.atom:
            text = one.text(row)
            if text is not None:
                found[one.mapping.target] = (text, one.mapping.kind)
        return found

    def read(self, element: Element) -> Iterator[tuple[FeedMapping, Property, Element, str]]:
        """Each mapping with the element that an entry has for it, and its text."""
        for one in (*self.atom, *self.own):
            mapping = one.mapping
            found = _found(element, mapping)
            if found is not None:
                yield mapping, one.prop, found[0], found[1]


@lru_cache(maxsize=512)
def feed_map(kind: EntityType) -> FeedMap | None:
    """The mappings of a type and of those it derives from; None where there are none."""
    mapped = []
    for mapping in kind.feed_mappings:
        way = kind.members("/".join(mapping.source))
        last = None if way is None else way[-1]
        if not isinstance(last, Property) or last.is_collection or not isinstance(last.type, PrimitiveType):
            continue
        if last.type not in XML_CODECS or last.type is edm.STREAM:
            continue
        mapped.append(_Mapped(mapping, last))
    if not mapped:
        return None
    return FeedMap(
        tuple([one for one in mapped if not one.mapping.namespace]),
        tuple([one for one in mapped if one.mapping.namespace]),
    )


# ------------------------------------------------------------------ writing


def write_atom(feed: FeedMap, row: Row, updated: str, escape: Quote) -> str:
    """<title>, <summary> and so on, in the order of WCF Data Services: what every entry has, with what is mapped."""
    texts = feed.texts(row)
    parts = [_text("title", texts.get(("title",)), escape) or "<title/>"]
    parts += [_text(name, texts.get((name,)), escape) for name in ("summary", "rights")]
    moment = texts.get(("published",))
    if moment is not None:
        parts.append(f"<published>{escape(moment[0])}</published>")
    parts.append(f"<updated>{escape(texts.get(('updated',), (updated, ''))[0])}</updated>")
    parts.append(_person("author", texts, escape) or "<author><name/></author>")
    parts.append(_person("contributor", texts, escape))
    return "".join(parts)


def _text(name: str, found: tuple[str, str] | None, escape: Quote) -> str:
    return "" if found is None else f'<{name} type="{found[1]}">{escape(found[0])}</{name}>'


def _person(name: str, texts: Mapping[tuple[str, ...], tuple[str, str]], escape: Quote) -> str:
    """A person has a name, if an empty one (RFC 4287, 3.2)."""
    told = {what: texts[name, what][0] for what in ("name", "uri", "email") if (name, what) in texts}
    if not told:
        return ""
    told = {"name": "", **told}
    return f"<{name}>{''.join([f'<{what}>{escape(text)}</{what}>' for what, text in told.items()])}</{name}>"


def write_own(feed: FeedMap, row: Row, escape: Quote, quoted: Quote) -> str:
    """Elements of other namespaces, one tree for each first element of a way."""
    trees: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
    for one in feed.own:
        text = one.text(row)
        if text is None:
            continue
        mapping = one.mapping
        _prefix, node = trees.setdefault((mapping.namespace, mapping.target[0]), (mapping.prefix, {}))
        for step in mapping.target[1:]:
            node = node.setdefault(step, {})
        node[""] = text
    return "".join([_tree(prefix, *place, tree, escape, quoted) for place, (prefix, tree) in trees.items()])


def _tree(prefix: str, namespace: str, name: str, tree: dict[str, Any], escape: Quote, quoted: Quote) -> str:
    """An element with the declaration of its namespace; one that has no usable prefix is of the default namespace."""
    is_usable = _PREFIX.fullmatch(prefix) is not None and prefix.lower() not in ("d", "m", "xml", "xmlns")
    short = prefix if is_usable else "f"
    return _node(short, name, tree, f' xmlns:{short}="{quoted(namespace)}"', escape, quoted)


def _node(short: str, name: str, tree: dict[str, Any], declared: str, escape: Quote, quoted: Quote) -> str:
    attributes = "".join(
        [f' {short}:{step[1:]}="{quoted(node[""])}"' for step, node in tree.items() if step[:1] == "@"]
    )
    inner = [_node(short, step, node, "", escape, quoted) for step, node in tree.items() if step and step[0] != "@"]
    content = escape(tree.get("", "")) + "".join(inner)
    return f"<{short}:{name}{declared}{attributes}>{content}</{short}:{name}>"


# ------------------------------------------------------------------ reading


def _found(entry: Element, mapping: FeedMapping) -> tuple[Element, str] | None:
    """The element that an entry has at the end of a way, and the text in it or in its attribute."""
    namespace = mapping.namespace or ATOM
    current = entry
    for step in mapping.target:
        if step[:1] == "@":
            names = (step[1:], f"{namespace} {step[1:]}")
            text = next((current.attributes[name] for name in names if name in current.attributes), None)
            return None if text is None else (current, text)
        inner = next((one for one in current.children if (one.namespace, one.name) == (namespace, step)), None)
        if inner is None:
            return None
        current = inner
    return current, current.text
