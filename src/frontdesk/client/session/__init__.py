"""What `frontdesk.Client` is made of: calls of other companies' APIs, from any Python program."""
