"""Pictures of the console, drawn on the server as SVG without a style of their own."""
