# The model as a CSDL XML document of version 4.0 or 4.01.

from __future__ import annotations

from ..edm import Model
from .elements_v4 import elements_v4
from .markup import write_markup


def write_xml_v4(
    model: Model,
    *,
    version: str = "4.0",
    key_as_segment: bool = False,
    strict: bool = False,
    left_out: list[str] | None = None,
) -> bytes:
    """The $metadata document of a model in OData 4.0 or 4.01.

    `key_as_segment` announces that the service understands keys as path segments (Capabilities.KeyAsSegmentSupported).
    What version 4 cannot say is added to `left_out` in full sentences; a `strict` caller gets a ModelError where
    that changes what the model means.
    """
    root, writing = elements_v4(model, version=version, key_as_segment=key_as_segment)
    writing.finish(strict=strict, left_out=left_out)
    return write_markup(root)
