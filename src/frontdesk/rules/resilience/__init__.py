"""Arithmetic of limits."""
