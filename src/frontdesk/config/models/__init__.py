"""Typed, immutable models of the configuration file, one module per area."""
