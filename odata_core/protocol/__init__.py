"""Protocol versions as data, and the choice among them."""

from .media import Format
from .negotiation import Exchange, check_content_type, choose_format, error_format, negotiate
from .profile import ODATA_3, Profile
from .versions import Version

__all__ = [
    "ODATA_3",
    "Exchange",
    "Format",
    "Profile",
    "Version",
    "check_content_type",
    "choose_format",
    "error_format",
    "negotiate",
]
