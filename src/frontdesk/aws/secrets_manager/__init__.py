"""AWS Secrets Manager's API, on the vault."""
