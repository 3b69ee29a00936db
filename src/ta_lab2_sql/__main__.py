"""`python -m ta_lab2_sql` is the command ta-lab2."""

from ta_lab2_sql.cli import main

main()
