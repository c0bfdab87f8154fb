"""Function events and function results: AWS payload formats 1.0 and 2.0, as pure conversions."""
