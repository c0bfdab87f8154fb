"""The operator's file: typed models, loading with positions, and checking. Knows nothing that runs."""
