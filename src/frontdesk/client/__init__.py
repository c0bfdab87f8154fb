"""The outbound room: connections to backends, their pools and deadlines. Needs nothing above it."""
