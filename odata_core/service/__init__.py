"""Services: a request in, a response out, without any server."""

from .messages import Handler, Headers, Request, Response
from .service import Service

__all__ = ["Handler", "Headers", "Request", "Response", "Service"]
