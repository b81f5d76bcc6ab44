"""Entities in memory: the reference backend, and the embedded default."""

from .store import MemoryBackend, MemorySession

__all__ = ["MemoryBackend", "MemorySession"]
