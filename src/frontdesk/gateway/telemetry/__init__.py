"""What an operator sees of the door: metrics, traces, health, slow requests."""
