"""The model as text: CSDL documents."""

from .xml_v3 import write_xml_v3

__all__ = ["write_xml_v3"]
