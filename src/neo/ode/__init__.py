"""Ordinary differential equations, with derivatives: an adaptive Runge-Kutta method."""

from .solution import odeint

__all__ = ["odeint"]
