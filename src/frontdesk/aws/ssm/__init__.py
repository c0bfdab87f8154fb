"""Parameter Store of AWS Systems Manager, on the vault."""
