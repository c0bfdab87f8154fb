"""What a record of results is: its keys, versions, changes, tenants and sequences. Stores nothing."""
