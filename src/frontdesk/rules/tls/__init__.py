"""Certificates: what a server's is good for, and who a client's says it is."""
