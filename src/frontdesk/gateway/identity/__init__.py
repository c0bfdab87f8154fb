"""Where trust in callers comes from: issuers' key sets, and an issuer of our own for development."""
