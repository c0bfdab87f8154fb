"""Reads and evaluates Terraform's language (HCL 2), as far as a configuration without state can."""
