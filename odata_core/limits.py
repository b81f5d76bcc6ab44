# The bounds that keep hostile input cheap: one object, handed to every place where input is parsed.
# Exceeding a bound is a client error whose message names the bound and its setting.

from __future__ import annotations

from .errors import BadRequest
from .records import record


@record
class Limits:
    """Bounds on one request. The defaults suit people and programs; raise them for a reason."""

    url_length: int = 16_384  # characters of path and query together: 414 beyond
    text_length: int = 65_536  # characters of a path or of the value of one option, which a body may hold, too
    path_segments: int = 64
    expression_depth: int = 100  # parentheses and other brackets, functions, signs and `not` within each other
    expression_nodes: int = 4_000  # operators, names and literals of one option
    lambda_depth: int = 8  # `any` and `all` within each other
    in_items: int = 1_000  # of one list behind `in`
    expand_depth: int = 12  # options within options ($expand, $select, $count), pipelines of $apply within each other
    expand_items: int = 100  # of one $expand
    select_items: int = 1_000  # of one $select
    top: int = 2**53  # of $top; a service pages long before
    apply_steps: int = 50  # of one pipeline of $apply, and groupings of one rollup
    apply_rows: int = 1_000_000  # that all steps of one $apply make in memory, or look at for each row
    body_bytes: int = 4 * 1024 * 1024  # 413 beyond
    body_depth: int = 50  # objects and arrays within each other
    batch_parts: int = 1_000  # requests of one batch

    def check_length(self, text: str, start: int = 0, end: int | None = None) -> None:
        """BadRequest if a text that is to be parsed is too long."""
        if (len(text) if end is None else end) - start > self.text_length:
            raise BadRequest(
                f"The text is too long: the limit text_length is {self.text_length} characters.",
                text=text,
                position=start + self.text_length,
            )
