"""What models cannot tell: names, conflicts, and lint findings. Public: `check`."""
