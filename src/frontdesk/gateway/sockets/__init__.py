"""The connections of WebSocket clients that a process holds, and what is pushed to them from anywhere."""
