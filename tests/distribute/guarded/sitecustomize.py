"""With this folder in PYTHONPATH the commands, too, are refused what a cluster refuses."""

import psycopg
from distribute.pretended import guarded

psycopg.Cursor.execute = guarded(psycopg.Cursor.execute)
