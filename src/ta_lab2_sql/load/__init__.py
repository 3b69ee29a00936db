"""Read files of daily prices, and tables of one's own, into the raw table.

Text stays text until the server judges it: `sources` finds the bytes, `text` the lines, `shape` says what
their columns are by a layout of `layouts`, `stage` sends them, `engine` has them judged and merged.
"""

from ta_lab2_sql.load.engine import load_files
from ta_lab2_sql.load.faults import BadFile, Question
from ta_lab2_sql.load.options import LARGEST_ID, LoadOptions
from ta_lab2_sql.load.report import Loaded, Report

__all__ = ["LARGEST_ID", "BadFile", "LoadOptions", "Loaded", "Question", "Report", "load_files"]
