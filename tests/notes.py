# A service with string keys, for `odata serve tests.notes:handler`: what a key goes through on its way to a store.

from __future__ import annotations

import argparse

from odata_core.edm import Model, ModelBuilder
from odata_core.protocol import ODATA_3
from odata_core.service import Service
from odata_memory import MemoryBackend


def notes_model() -> Model:
    """Notes by name, and pages by name and number."""
    builder = ModelBuilder("Notes")
    builder.entity("Note", key="Name", properties={"Name": "String", "Text": "String"})
    builder.entity("Page", key=("Name", "Number"), properties={"Name": "String", "Number": "Int32", "Text": "String"})
    builder.entity_set("Notes", "Note")
    builder.entity_set("Pages", "Page")
    return builder.build()


def handler(arguments: argparse.Namespace | None = None) -> Service:
    """An empty store of notes."""
    model = notes_model()
    return Service(model, MemoryBackend(model), profile=ODATA_3)
