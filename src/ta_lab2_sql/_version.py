"""The one place of the version. Read from the package's metadata it would double a command's start."""

__version__ = "0.1.0"
