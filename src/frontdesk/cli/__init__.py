"""The command line: one file per command group, each imported only when it is used."""
