"""The model as text: CSDL documents of all versions, XML and JSON, read and written."""

from .documents import read_csdl, read_csdl_file
from .json_documents import write_json
from .xml_v3 import write_xml_v3
from .xml_v4 import write_xml_v4

__all__ = ["read_csdl", "read_csdl_file", "write_json", "write_xml_v3", "write_xml_v4"]
