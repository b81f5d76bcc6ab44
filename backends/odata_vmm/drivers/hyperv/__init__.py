"""Hyper-V over PowerShell remoting: `HyperVDriver(HyperVHost(host="hv01.example.org", username=..., password=...))`."""

from .driver import HyperVDriver
from .host import HyperVHost

__all__ = ["HyperVDriver", "HyperVHost"]
