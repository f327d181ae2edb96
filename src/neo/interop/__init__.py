"""Bridges: `neo.interop.torch`, `neo.interop.jax` and `neo.interop.scipy`, each imported on its own."""
