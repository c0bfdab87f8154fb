"""Small languages of configuration: expressions that pick values out of a message."""
