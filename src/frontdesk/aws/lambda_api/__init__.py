"""The Lambda API: invocations, and functions that are made through it and outlive the process."""
