"""Gradients and backends, proved right."""
