# The model as a CSDL XML document of version 1.0 to 3.0.

from __future__ import annotations

from ..edm import Model
from .containers_v3 import URL_CONVENTIONS
from .elements_v3 import elements_v3
from .markup import ANNOTATION, METADATA, write_markup

__all__ = ["ANNOTATION", "METADATA", "URL_CONVENTIONS", "write_xml_v3"]


def write_xml_v3(
    model: Model,
    *,
    version: str | None = None,
    key_as_segment: bool = False,
    strict: bool = True,
    left_out: list[str] | None = None,
) -> bytes:
    """The $metadata document of a model in OData 1.0 to 3.0, or ModelError where v3 cannot say the model.

    `key_as_segment` announces that the service understands keys as path segments (`Customers/5`). Without `strict`,
    types of version 4 become those of the table in elements_v3, and what else cannot be said is left out; `left_out`
    gets a sentence for each such thing.
    """
    root, writing = elements_v3(model, version=version, key_as_segment=key_as_segment, strict=strict)
    writing.finish(strict=strict, left_out=left_out)
    return write_markup(root)
