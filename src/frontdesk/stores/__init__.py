"""Adapters of the ports: one package per store, one file per port."""
