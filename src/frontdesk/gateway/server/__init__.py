"""The server: sockets and HTTP/1.1 messages on one side, Exchanges and Replies on the other."""
