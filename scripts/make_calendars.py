"""Make the shipped calendars from the library exchange_calendars, or prove them equal to it.

    python scripts/make_calendars.py            compare the shipped file with the library
    python scripts/make_calendars.py -o FILE    make the file anew, and compare that

Every day from 1970 to the last year that the library knows is compared: is it a session, from when to when.
It needs exchange_calendars 4.13.2 and pandas 2.2, in an environment of its own: with a newer pandas the same
version of the library gives other sessions for some exchanges and fails for others. That is why the package
ships data instead of asking the library.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import sys
from datetime import date, timedelta
from pathlib import Path

import exchange_calendars
import pandas

LIBRARY, PANDAS = "4.13.2", "2.2."
FIRST, LAST = pandas.Timestamp("1970-01-01"), pandas.Timestamp("2027-12-31")
SHIPPED = Path(__file__).parents[1] / "src/ta_lab2_sql/calendar_data/calendars.csv.gz"
COLUMNS = (
    *("kind", "calendar", "tz", "weekmask", "first_day", "last_day", "is_session", "open", "close", "rank"),
)
# Which of several calendars with the same sessions is named first: cash exchanges by size, then the small
# ones, derivatives, weeks without holidays.
RANKED = (
    "XNYS XLON XTKS XPAR XETR XHKG XSHG XBOM XTSE XASX XKRX XTAI XSWX XSTO XAMS XMIL XMAD BVMF XJSE "
    "XSAU XSES XCSE XHEL XOSL XBRU XLIS XDUB XWBO XMEX XIDX XKLS XBKK XPHS XTAE XIST XWAR XPRA XBUD "
    "ASEX XMOS XNZE XSGO XBOG XLIM XBUE XKAR XFRA XSTU XDUS XHAM XLUX XICE XTAL XRIS XLIT XBRA XLJU "
    "XZAG XBEL XBSE XCYS XBDA AIXK XEUR XEEE XCBF CMES IEPA us_futures 24/5 24/7"
)
Hours = tuple[str, str]
Days = dict[date, Hours]


def library(name: str) -> tuple[Days, str, date, date]:
    """A calendar's sessions with their hours, its zone, and the first and last day that it knows."""
    kind = exchange_calendars.calendar_utils._default_calendar_factories[name]
    first = max(FIRST, kind.bound_min() or FIRST)
    last = min(LAST, kind.bound_max() or LAST)
    calendar = kind(start=first, end=last)
    hours = {}
    for session, opens, closes in calendar.schedule[["open", "close"]].itertuples():
        day = session.date()
        hours[day] = told(day, opens.tz_convert(calendar.tz)), told(day, closes.tz_convert(calendar.tz))
    return hours, str(calendar.tz), first.date(), last.date()


def told(day: date, moment: pandas.Timestamp) -> str:
    """A local time of day; before it the number of days that it lies off the session."""
    away = (moment.date() - day).days
    return (f"{away:+d} " if away else "") + f"{moment:%H:%M}"


def rows(name: str) -> list[dict[str, str]]:
    """A calendar as lines: itself, a week wherever mask or usual hours change, and the days that differ."""
    hours, tz, first, last = library(name)
    found = [{"kind": "calendar", "tz": tz, "first_day": str(first), "last_day": str(last)}]
    found[0]["rank"] = str(RANKED.split().index(name) + 1)
    mask, usual = "", ("", "")
    weeks: list[tuple[date, str, Hours]] = []
    for start in quarters(first, last):
        ahead = [start + timedelta(i) for i in range(182) if start + timedelta(i) <= last]
        mask_now = mask_of(ahead, hours) or mask
        usual_now = usual_of(ahead, hours) or usual
        if (mask_now, usual_now) != (mask, usual):
            begins = began(start, mask, usual, mask_now, usual_now, hours) if weeks else first
            weeks.append((begins, mask_now, usual_now))
            mask, usual = mask_now, usual_now
    for begins, mask, (opens, closes) in weeks:
        found.append(
            {"kind": "week", "weekmask": mask, "first_day": str(begins), "open": opens, "close": closes}
        )
    for i in range((last - first).days + 1):
        day = first + timedelta(i)
        _, mask, usual = max((week for week in weeks if week[0] <= day), key=lambda week: week[0])
        expected = mask[day.weekday()] == "1"
        line = {"kind": "day", "first_day": str(day)}
        if (day in hours) != expected:
            line["is_session"] = "t" if day in hours else "f"
        if day in hours and hours[day] != usual:
            line["open"], line["close"] = hours[day]
        if len(line) > 2:
            found.append(line)
    return [{"calendar": name, **line} for line in found]


def quarters(first: date, last: date) -> list[date]:
    """The days at which the usual week is looked at anew."""
    return [first + timedelta(i) for i in range(0, (last - first).days + 1, 28)]


def mask_of(days: list[date], hours: Days) -> str:
    """The weekdays that are sessions more often than not."""
    shares = [[day in hours for day in days if day.weekday() == weekday] for weekday in range(7)]
    mask = "".join("1" if share and 2 * sum(share) > len(share) else "0" for share in shares)
    return mask if "1" in mask else ""


def usual_of(days: list[date], hours: Days) -> Hours | None:
    """The hours of most sessions."""
    seen = [hours[day] for day in days if day in hours]
    return max(sorted(set(seen)), key=seen.count) if seen else None


def began(start: date, mask: str, usual: Hours, mask_now: str, usual_now: Hours, hours: Days) -> date:
    """The first day from which on the new week fits better than the one before."""
    best, fewest = start, sys.maxsize
    window = [start + timedelta(i) for i in range(0, 182)]
    wrong_new = [(d in hours) != (mask_now[d.weekday()] == "1") or hours.get(d, usual_now) != usual_now
                 for d in window]  # fmt: skip
    wrong_old = [(d in hours) != (mask[d.weekday()] == "1") or hours.get(d, usual) != usual for d in window]
    for cut in range(len(window)):
        wrong = sum(wrong_old[:cut]) + sum(wrong_new[cut:])
        if wrong < fewest:
            best, fewest = window[cut], wrong
    return best


def write(path: Path) -> None:
    """Make the file; the same input gives the same bytes."""
    text = io.StringIO()
    lines = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    lines.writeheader()
    for name in names():
        lines.writerows(rows(name))
    path.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def names() -> list[str]:
    """The calendars of the library; each must have its rank."""
    found = sorted(exchange_calendars.get_calendar_names(include_aliases=False))
    assert sorted(RANKED.split()) == found, set(RANKED.split()) ^ set(found)
    return found


def of_file(path: Path) -> dict[str, list[dict[str, str]]]:
    """The lines of a file by calendar."""
    found: dict[str, list[dict[str, str]]] = {}
    for line in csv.DictReader(gzip.decompress(path.read_bytes()).decode().splitlines()):
        found.setdefault(line["calendar"], []).append(line)
    return found


def expand(lines: list[dict[str, str]], first: date, last: date) -> Days:
    """Every session that the lines of a calendar give, with its hours."""
    weeks = sorted((date.fromisoformat(x["first_day"]), x) for x in lines if x["kind"] == "week")
    exceptions = {date.fromisoformat(x["first_day"]): x for x in lines if x["kind"] == "day"}
    found = {}
    for i in range((last - first).days + 1):
        day = first + timedelta(i)
        begun = [week for start, week in weeks if start <= day]
        week = begun[-1] if begun else weeks[0][1]
        line = exceptions.get(day, {})
        told = line.get("is_session") or ("t" if week["weekmask"][day.weekday()] == "1" else "f")
        if told == "t":
            found[day] = (line.get("open") or week["open"], line.get("close") or week["close"])
    return found


def compare(path: Path) -> int:
    """Print what differs between a file and the library; the number of calendars that do."""
    stored = of_file(path)
    wrong = sorted(set(stored) ^ set(names()))
    for name in wrong:
        print(f"{name}: only in {'the file' if name in stored else 'the library'}")
    sessions = 0
    for name in sorted(set(stored) & set(names())):
        hours, tz, first, last = library(name)
        about = next(line for line in stored[name] if line["kind"] == "calendar")
        found = expand(stored[name], first, last)
        sessions += len(hours)
        differing = sorted(d for d in hours.keys() | found.keys() if hours.get(d) != found.get(d))
        if differing or (about["tz"], about["first_day"], about["last_day"]) != (tz, str(first), str(last)):
            wrong.append(name)
            shown = ", ".join(f"{d} {found.get(d)} instead of {hours.get(d)}" for d in differing[:3])
            print(f"{name}: {len(differing)} days differ: {shown}; {about}")
    lines = sum(map(len, stored.values()))
    print(f"{path.name}: {len(stored)} calendars, {lines} lines, {sessions} sessions, {len(wrong)} differ")
    return len(wrong)


def main() -> int:
    """The command."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("-o", "--output", type=Path, metavar="FILE")
    asked = arguments.parse_args()
    if exchange_calendars.__version__ != LIBRARY or not pandas.__version__.startswith(PANDAS):
        print(
            f"exchange_calendars {exchange_calendars.__version__} with pandas {pandas.__version__}; "
            f"the file is made with {LIBRARY} and pandas {PANDAS}x",
            file=sys.stderr,
        )
        return 2
    if asked.output:
        write(asked.output)
    return min(compare(asked.output or SHIPPED), 1)


if __name__ == "__main__":
    sys.exit(main())
