"""What tests of several files need."""

from __future__ import annotations

from tests.pki.machine import machine

__all__ = ["machine"]
