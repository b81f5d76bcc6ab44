"""QEMU/KVM and whatever else libvirt drives: `LibvirtDriver("qemu:///system")`."""

from .driver import LibvirtDriver
from .host import LibvirtHost

__all__ = ["LibvirtDriver", "LibvirtHost"]
