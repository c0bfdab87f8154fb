"""The vault: secrets and parameters in a Catalog, their values encrypted under a master key."""
