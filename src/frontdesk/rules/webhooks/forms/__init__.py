"""How the schemes carry their signatures and what these cover: one module for each way."""
