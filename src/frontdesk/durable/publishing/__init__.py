"""Topics and event buses: who they are, whom they hand what on to, and when that is committed."""
