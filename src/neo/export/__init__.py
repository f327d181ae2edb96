"""Programs in other formats."""

from __future__ import annotations

from .onnx import onnx

__all__ = ["onnx"]
