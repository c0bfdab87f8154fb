"""Stores that the processes of one host share through memory."""
