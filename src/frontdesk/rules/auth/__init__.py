"""Who is calling and what they may do: tokens, their keys, and access policies. Pure."""
