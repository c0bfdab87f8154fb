"""The ground: values and small pure types that every room may use. Standard library only."""
