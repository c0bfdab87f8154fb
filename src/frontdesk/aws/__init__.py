"""AWS's own wire APIs on the admin listener, so that its SDKs and tools work with us."""
