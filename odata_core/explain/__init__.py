"""`odata explain`: how a URL, or any part of one, is understood."""

from .syntax import GRAMMARS, explain_lines, explain_rule, explain_url, painter, show_url

__all__ = ["GRAMMARS", "explain_lines", "explain_rule", "explain_url", "painter", "show_url"]
