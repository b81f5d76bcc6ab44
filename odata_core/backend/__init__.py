"""The contract between the protocol and a store."""

from ..query.tree import Source
from .contract import Answer, Backend, Context, Done, Key, Query, Reads, Relates, Row, Stream, Streams, Writes
from .plugins import load_backend

__all__ = [
    "Answer",
    "Backend",
    "Context",
    "Done",
    "Key",
    "Query",
    "Reads",
    "Relates",
    "Row",
    "Source",
    "Stream",
    "Streams",
    "Writes",
    "load_backend",
]
