"""The contract between the protocol and a store."""

from ..query.tree import Source
from .contract import (
    Answer,
    Backend,
    Context,
    Done,
    KeepsLinks,
    Key,
    Query,
    Reads,
    Relates,
    Row,
    Stream,
    Streams,
    Tracks,
    Writes,
    keeps_links,
)
from .plugins import load_backend

__all__ = [
    "Answer",
    "Backend",
    "Context",
    "Done",
    "KeepsLinks",
    "Key",
    "Query",
    "Reads",
    "Relates",
    "Row",
    "Source",
    "Stream",
    "Streams",
    "Tracks",
    "Writes",
    "keeps_links",
    "load_backend",
]
