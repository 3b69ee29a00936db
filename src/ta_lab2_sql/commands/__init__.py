"""One module per command; each exposes `command`. The first line of its docstring is the short help."""
