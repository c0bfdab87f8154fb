"""Prices an appointment."""


def handler(event, context):
    """Answer with the price, and the version that gave it."""
    return {"price": 40, "version": context.function_version}
