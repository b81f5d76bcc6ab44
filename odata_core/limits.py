# The bounds that keep hostile input cheap: one object, handed to every place where input is parsed.
# Exceeding a bound is a client error whose message names the bound and its setting.

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request. The defaults suit people and programs; raise them for a reason."""

    url_length: int = 16_384  # characters of path and query together: 414 beyond
    path_segments: int = 64
    expression_depth: int = 100  # parentheses, functions and `not` within each other
    expression_nodes: int = 4_000  # operators, names and literals of one option
    lambda_depth: int = 8  # `any` and `all` within each other
    in_items: int = 1_000  # of one list behind `in`
    expand_depth: int = 12  # options within the options of $expand and $select
    expand_items: int = 100  # of one $expand
    apply_steps: int = 50  # of one pipeline of $apply, and groupings of one rollup
    apply_rows: int = 1_000_000  # that all steps of one $apply make in memory, or look at for each row
    body_bytes: int = 4 * 1024 * 1024  # 413 beyond
    body_depth: int = 50  # objects and arrays within each other
