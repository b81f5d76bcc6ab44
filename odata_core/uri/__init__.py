"""URLs: text to syntax tree and back, by dialect."""

from .dialects import V3, Dialect
from .encoding import decode, decode_query, encode_segment, split_path, split_query
from .keys import print_key_segment, print_predicate, read_key_segment
from .parser import parse_expression, parse_order, parse_segment, parse_select

__all__ = [
    "V3",
    "Dialect",
    "decode",
    "decode_query",
    "encode_segment",
    "parse_expression",
    "parse_order",
    "parse_segment",
    "parse_select",
    "print_key_segment",
    "print_predicate",
    "read_key_segment",
    "split_path",
    "split_query",
]
