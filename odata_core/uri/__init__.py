"""URLs: text to syntax tree and back, by dialect."""

from .encoding import decode, decode_query, encode_segment, split_query
from .expressions import parse_expression
from .grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from .keys import print_key_segment, print_predicate, read_key_segment
from .printer import print_expression
from .urls import Url, parse_query, parse_relative, parse_uri

__all__ = [
    "V2_GRAMMAR",
    "V3_GRAMMAR",
    "V4_GRAMMAR",
    "Grammar",
    "Url",
    "decode",
    "decode_query",
    "encode_segment",
    "parse_expression",
    "parse_query",
    "parse_relative",
    "parse_uri",
    "print_expression",
    "print_key_segment",
    "print_predicate",
    "read_key_segment",
    "split_query",
]
