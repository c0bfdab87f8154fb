"""The API Gateway Management API: pushes to WebSocket connections, and to groups of them."""
