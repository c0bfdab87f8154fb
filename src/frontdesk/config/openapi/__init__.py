"""Owns OpenAPI documents: reading one as the keys of an API, and writing an API as one."""
