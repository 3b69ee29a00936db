"""What a database of this version consists of, and how it gets there and lies there."""
