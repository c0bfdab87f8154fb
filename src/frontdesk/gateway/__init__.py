"""The data plane: server (bytes and sockets) and pipeline (one request, in order)."""
