"""Files of many more makers, none of which has a layout of its own: all in one database, each taken back."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ta_lab2_sql.errors import TaLabError
from ta_lab2_sql.load import LoadOptions, load_files

Db = psycopg.Connection[Any]

HEAD = "Date,Open,High,Low,Close,Volume\n"
NAMES = "Date|Open|High|Low|Close|Volume"
ROWS = "2024-01-30,10.25,11.5,9.75,10.5,1000\n2024-01-31,10.5,12.0,10.0,11.25,2500\n"
# One asset X, given by --asset.
X = [
    ("X", "2024-01-30", 10.25, 11.5, 9.75, 10.5, 1000.0),
    ("X", "2024-01-31", 10.5, 12.0, 10.0, 11.25, 2500.0),
]
FIRST, NO_VOLUME = X[:1], [(*X[0][:6], None)]
LARGE = [("X", "2024-01-30", 1234.5, 1240.25, 1230.5, 1239.75, 1200.0)]
# Two assets, named by the file.
T1, T2 = ("T1", *X[0][1:]), ("T2", "2024-01-30", 20.25, 21.5, 19.75, 20.5, 7.0)
ODD = ("BRK.B", "BTC/USD", "EUR=X", "^GSPC")
COUNTS = ("1706572800", "1706659200000", "1706745600000000", "1706832000000000000")
CLOSES = [("T1", "2024-01-30", *[10.5] * 4, None), ("T2", "2024-01-30", *[20.5] * 4, None)]


def table(names: str, cells: str, sign: str = ",") -> str:
    """A header and one row."""
    return f"{names}\n{cells}\n".replace("|", sign)


def one_day(names: str, day: str = "2024-01-30") -> str:
    """A row in which the columns are date, open, high, low, close, volume."""
    return table(names, f"{day}|10.25|11.5|9.75|10.5|1000")


def archive(name: str, data: bytes | str) -> bytes:
    """A zip file with one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr(name, data)
    return packed.getvalue()


SEVERAL: dict[str, tuple[str | bytes, list[Any]]] = {
    "several tickers under three lines": (
        "Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\nTicker,T1,T2,T1,T2,T1,T2,T1,T2,T1,T2\n"
        "Date,,,,,,,,,,\n2024-01-30,10.5,20.5,11.5,21.5,9.75,19.75,10.25,20.25,1000,7\n",
        [T1, T2],
    ),
    "the same, older": (
        ",Adj Close,Adj Close,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\n"
        ",T1,T2,T1,T2,T1,T2,T1,T2,T1,T2,T1,T2\nDate,,,,,,,,,,,,\n"
        "2024-01-30,5,6,10.5,20.5,11.5,21.5,9.75,19.75,10.25,20.25,1000,7\n",
        [T1, T2],
    ),
    "one ticker, older": (
        ",Adj Close,Close,High,Low,Open,Volume\n,T1,T1,T1,T1,T1,T1\nDate,,,,,,\n"
        "2024-01-30,5,10.5,11.5,9.75,10.25,1000\n",
        [T1],
    ),
    "tickers first": (
        "Ticker,T1,T1,T1,T1,T1,T2,T2,T2,T2,T2\nPrice,Open,High,Low,Close,Volume,Open,High,Low,Close,Volume\n"
        "Date,,,,,,,,,,\n2024-01-30,10.25,11.5,9.75,10.5,1000,20.25,21.5,19.75,20.5,7\n",
        [T1, T2],
    ),
    "tickers first, older": (
        ",T1,T1,T1,T1,T1,T1,T2,T2,T2,T2,T2,T2\n"
        ",Open,High,Low,Close,Adj Close,Volume,Open,High,Low,Close,Adj Close,Volume\nDate,,,,,,,,,,,,\n"
        "2024-01-30,10.25,11.5,9.75,10.5,5,1000,20.25,21.5,19.75,20.5,5,7\n",
        [T1, T2],
    ),
    "tickers over several columns": (
        ",T1,,,,,T2,,,,\nDate,Open,High,Low,Close,Volume,Open,High,Low,Close,Volume\n"
        "2024-01-30,10.25,11.5,9.75,10.5,1000,20.25,21.5,19.75,20.5,7\n",
        [T1, T2],
    ),
    "two lines, the day above": (
        "Date,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\n,T1,T2,T1,T2,T1,T2,T1,T2,T1,T2\n"
        "2024-01-30,10.5,20.5,11.5,21.5,9.75,19.75,10.25,20.25,1000,7\n",
        [T1, T2],
    ),
    "names of two parts": (
        "\"('Date', '')\",\"('Close', 'T1')\",\"('Close', 'T2')\"\n2024-01-30,10.5,20.5\n",
        CLOSES,
    ),
    "closing prices under two lines": ("Ticker,T1,T2\nDate,,\n2024-01-30,10.5,20.5\n", CLOSES),
    "wide, the day last": ("T1,T2,Date\n10.5,20.5,2024-01-30\n", CLOSES),
    "wide, the day in the middle": ("T1,Date,T2\n10.5,2024-01-30,20.5\n", CLOSES),
    "wide, rows numbered": (",Date,T1,T2\n0,2024-01-30,10.5,20.5\n", CLOSES),
    "wide, an empty column at the end": ("Date,T1,T2,\n30 January 2024,10.5,20.5,\n", CLOSES),
    "wide, symbols of one letter": (
        "Date,T,C,V\n2024-01-30,10.5,20.5,\n",
        [("C", "2024-01-30", *[20.5] * 4, None), ("T", "2024-01-30", *[10.5] * 4, None)],
    ),
    "wide, codes of an agency": (
        "Date,.T1,T2.O,EUR=\n2024-01-30,10.5,20.5,1.25\n",
        [
            (".T1", *CLOSES[0][1:]),
            ("EUR=", "2024-01-30", *[1.25] * 4, None),
            ("T2.O", *CLOSES[1][1:]),
        ],
    ),
    "wide, an index": (
        "Date,^T1,T2\n2024-01-30,10.5,20.5\n",
        [CLOSES[1], ("^T1", *CLOSES[0][1:])],
    ),
    "wide, quiet names": (
        "date,bitcoin,ethereum\n2024-01-30,10.5,20.5\n",
        [("bitcoin", *CLOSES[0][1:]), ("ethereum", *CLOSES[1][1:])],
    ),
    "a column of stocks, adjusted prices beside": (
        "Stock,Date,Open,High,Low,Close,Volume,AdjOpen,AdjHigh,AdjLow,AdjClose\n"
        "T1,2024-01-30,10.25,11.5,9.75,10.5,1000,5,6,4,5\nT2,2024-01-30,20.25,21.5,19.75,20.5,7,5,6,4,5\n",
        [T1, T2],
    ),
    "symbols with signs": (
        "symbol,date,open,high,low,close,volume\n"
        + "".join(f"{s},2024-01-30,10.25,11.5,9.75,10.5,1000\n" for s in ODD),
        [(s, *X[0][1:]) for s in ODD],
    ),
    "no header, symbols first": (
        "T1,20240130,10.25,11.5,9.75,10.5,1000\nT2,20240130,20.25,21.5,19.75,20.5,7\n",
        [T1, T2],
    ),
    "no header, symbols last": (
        "20240130,10.25,11.5,9.75,10.5,1000,T1\n20240130,20.25,21.5,19.75,20.5,7,T2\n",
        [T1, T2],
    ),
    "a column index that isn't one": (
        "Index,Date,Open,High,Low,Close,Adj Close,Volume\nT1,2024-01-30,10.25,11.5,9.75,10.5,1,1000\n",
        [T1],
    ),
}

ONE: dict[str, tuple[str | bytes, list[Any]]] = {
    "index of rows": ("index," + HEAD + "".join(f"{i},{r}\n" for i, r in enumerate(ROWS.splitlines())), X),
    "delimiters behind the rows only": (HEAD + ROWS.replace("\n", ",\n"), X),
    "delimiters behind all lines": ((HEAD + ROWS).replace("\n", ",\n"), X),
    "the header again": (HEAD + ROWS.replace("\n", "\n" + HEAD, 1), X),
    "a notice": (HEAD + ROWS + '"Downloaded from somewhere as of 02-01-2024 03:04am CST"\n', X),
    "lines of facts before the header": ("Symbol:,ACME,,,,\nFrom:,2024-01-01,,,,\n,,,,,\n" + HEAD + ROWS, X),
    "units below the header": (HEAD + ",(USD),(USD),(USD),(USD),(shares)\n" + ROWS, X),
    "lines of old Macintoshes": ((HEAD + ROWS).replace("\n", "\r"), X),
    "blanks between": ((HEAD + ROWS).replace(",", " "), X),
    "blanks in columns": (
        "Date        Open   High   Low   Close  Volume\n2024-01-30  10.25  11.5   9.75  10.5   1000\n",
        FIRST,
    ),
    "UTF-16 and tabs": (
        table(NAMES, "30/01/2024|1.234,50|1.240,25|1.230,50|1.239,75|1.200", "\t").encode("utf-16"),
        LARGE,
    ),
    "a sep line, everything quoted, blanks in thousands": (
        '\ufeffsep=;\r\n"Date";"Open";"High";"Low";"Close";"Volume"\r\n'
        '"30/01/2024";"1 234,50";"1 240,25";"1 230,50";"1 239,75";"1 200"\r\n',
        LARGE,
    ),
    "apostrophes in thousands": (
        "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n30.01.2024;1'234.50;1'240.25;1'230.50;1'239.75;1'200\n",
        LARGE,
    ),
    "lakhs": (
        HEAD + '30-Jan-2024,"1,02,345.50","1,02,400.00","1,02,000.00","1,02,300.25","12,34,567"\n',
        [("X", "2024-01-30", 102345.5, 102400.0, 102000.0, 102300.25, 1234567.0)],
    ),
    "money in front": (HEAD + '30 Jan 2024,"$1,234.50","$1,240.25","$1,230.50","$1,239.75",1.2K\n', LARGE),
    "money behind": (HEAD + "2024-01-30,10.25 USD,11.5 USD,9.75 USD,10.5 USD,1000\n", FIRST),
    "below zero": (
        HEAD + "2020-04-20,17.73,17.85,-40.32,-37.63,247947\n",
        [("X", "2020-04-20", 17.73, 17.85, -40.32, -37.63, 247947.0)],
    ),
    "powers of ten": (HEAD + "2024-01-30,1.025E+1,1.15e1,9.75E0,1.05e+01,1E3\n", FIRST),
    "powers of ten with commas": (
        table(NAMES, "30.01.2024|1,025E+1|1,15e1|9,75E0|1,05e+01|1E3", ";"),
        FIRST,
    ),
    "counts of four units": (
        "time,open,high,low,close,volume\n" + "".join(f"{c},10.25,11.5,9.75,10.5,1000\n" for c in COUNTS),
        [("X", f"2024-{d}", *X[0][2:]) for d in ("01-30", "01-31", "02-01", "02-02")],
    ),
    "counts in powers of ten": (
        "time,open,high,low,close,volume\n1.7065728E+12,10.25,11.5,9.75,10.5,1000\n",
        FIRST,
    ),
    "a day of Dukascopy": (one_day("Gmt time|Open|High|Low|Close|Volume", "30.01.2024 00:00:00.000"), FIRST),
    "a day with an offset": (
        one_day("Local time|Open|High|Low|Close|Volume", "30.01.2024 00:00:00.000 GMT+0100"),
        FIRST,
    ),
    "a day of a browser": (
        one_day(NAMES, "Tue Jan 30 2024 00:00:00 GMT-0500 (Eastern Standard Time)"),
        FIRST,
    ),
    "a day of C": (one_day(NAMES, "Tue Jan 30 00:00:00 EST 2024"), FIRST),
    "a day in Japanese": (one_day("日付|始値|高値|安値|終値|出来高", "2024年1月30日"), FIRST),
    "a day in Korean": (one_day("일자|시가|고가|저가|종가|거래량", "2024년 01월 30일"), FIRST),
    "month, day, two digits": (one_day(NAMES, "Jan-30-24"), FIRST),
    "day, month, year at once": (one_day(NAMES, "30JAN2024"), FIRST),
    "a month in Russian": (one_day("Дата|Откр.|Макс.|Мин.|Цена|Объём", "30 янв. 2024"), FIRST),
    "a month in Spanish": (one_day("Fecha|Apertura|Máximo|Mínimo|Cierre|Volumen", "30-ene-2024"), FIRST),
    "an older encoding, Russian": (
        one_day("Дата|Открытие|Максимум|Минимум|Закрытие|Объем").encode("windows-1251"),
        FIRST,
    ),
    "an older encoding, Polish": (
        one_day("Data|Otwarcie|Najwyższy|Najniższy|Zamknięcie|Wolumen").encode("windows-1250"),
        FIRST,
    ),
    "an older encoding, Chinese": (one_day("日期|开盘|最高|最低|收盘|成交量").encode("gb18030"), FIRST),
    "an older encoding, Japanese": (one_day("日付|始値|高値|安値|終値|出来高").encode("shift_jis"), FIRST),
    "umlauts as two letters": (one_day("Datum|Eroeffnung|Hoch|Tief|Schluss|Stuecke"), FIRST),
    "two volumes in German": (
        table(
            "Datum|Eröffnung|Schluss|Tageshoch|Tagestief|Umsatz (€)|Umsatz (Stück)",
            "30.01.2024|10,25|10,50|11,50|9,75|1.234.567,89|1.000",
            ";",
        ),
        FIRST,
    ),
    "shares beside turnover": (
        '"Historical Data"\n"From 2024-01-01"\n"FR0000120271"\n'
        'Date;Open;High;Low;Last;Close;"Number of Shares";"Number of Trades";Turnover;vwap\n'
        "30/01/2024;10.25;11.5;9.75;10.5;10.5;1000;7;10400;10.4\n",
        FIRST,
    ),
    "a sep line of one sign, delimiters at the end": (
        "sep=;\nDate;Bid;Ask;Opening price;High price;Low price;Closing price;Average price;"
        "Total volume;Turnover;Trades;\n"
        "2024-01-30;10.4;10.6;10.25;11.5;9.75;10.5;10.4;1000;10400;7;\n",
        FIRST,
    ),
    "points where commas are usual": (
        "Datum,Zuletzt,Eröffn.,Hoch,Tief,Vol.\n30.01.2024,10.5,10.25,11.5,9.75,1000\n",
        FIRST,
    ),
    "prices adjusted only": (one_day("Date|AdjOpen|AdjHigh|AdjLow|AdjClose|AdjVolume"), FIRST),
    "a folder in an archive": (archive("data/sub/AAPL.csv", HEAD + ROWS), X),
    "gzip in an archive": (archive("a.csv.gz", gzip.compress((HEAD + ROWS).encode())), X),
    "gzip by another name": (gzip.compress((HEAD + ROWS).encode()), X),
    "trailing percentages in brackets": (
        "Date,Open,High,Low,Close,Volume,Change,%\n2024-01-30,+10.25,+11.5,+9.75,+10.5,1000,-0.5,(3.1%)\n",
        FIRST,
    ),
}

# Names and forms that lead astray: what was taken for something else once.
TAIWAN = "日期|開盤價|最高價|最低價|收盤價|成交股數"
ONE |= {
    "a year of Taiwan": (one_day(TAIWAN, "113/01/30"), FIRST),
    "a year of Taiwan in words": (one_day(TAIWAN, "民國113年1月30日"), FIRST),
    "blanks within a day": (one_day("날짜|시가|고가|저가|종가|거래량", "2024- 01- 30"), FIRST),
    "an apostrophe before a day": (one_day(NAMES, "'30/01/2024"), FIRST),
    "settled rather than traded last": (
        table("Date|Open|High|Low|Last|Settle|Volume", "2024-01-30|10.25|11.5|9.75|10.4|10.5|1000"),
        FIRST,
    ),
    "Excel's days under a maker's header": (
        table("Date|Open|High|Low|Close|Adj Close|Volume", "1/30/2024|10.25|11.5|9.75|10.5|5|1000"),
        FIRST,
    ),
    "a clock beside a day in American order": (
        table("Date|Time|Open|High|Low|Close|Vol|OI", "01/30/2024|16:00|10.25|11.5|9.75|10.5|1000|0"),
        FIRST,
    ),
    "a year of two digits in front, month by month": (
        HEAD
        + "".join(f"14-{month:02}-01,10.25,11.5,9.75,10.5,1000\n" for month in range(1, 13))
        + "15-01-01,10.5,12.0,10.0,11.25,2500\n",
        [*(("X", f"2014-{m:02}-01", *X[0][2:]) for m in range(1, 13)), ("X", "2015-01-01", *X[1][2:])],
    ),
    "a mark at the end of a name": (
        table("Datum|Open|High|Low|Close|Umsatz €¹|Umsatz Stück¹", "2024-01-30|10.25|11.5|9.75|10.5|9|1000"),
        FIRST,
    ),
    "a column given twice": (
        table("Date|Open|High|Low|Close|Date|Volume", "2024-01-30|10.25|11.5|9.75|10.5|2024-01-30|1000"),
        FIRST,
    ),
    "a quote alone": (table("Date,Quote", "2024-01-30,10.5"), [("X", "2024-01-30", *[10.5] * 4, None)]),
    **{
        f"names in {tongue}": (one_day(names), FIRST)
        for tongue, names in {
            "Polish": "Data|Otwarcie|Max.|Min.|Ostatnio|Wol.",
            "Chinese": "日期|开盘|高|低|收盘|交易量",
            "Chinese of Hong Kong": "日期|開市|高|低|收市|成交量",
            "Swedish": "Datum|Öppning|Högst|Lägst|Senaste|Vol.",
            "Vietnamese": "Ngày|Mở|Cao|Thấp|Lần cuối|KL",
            "Finnish": "Päivämäärä|Avaus|Ylin|Alin|Viimeisin|Määrä",
            "Danish": "Dato|Åbning|Høj|Lav|Seneste|Vol.",
            "Greek": "Ημερομηνία|Άνοιγμα|Υψηλό|Χαμηλό|Τελευταία|Όγκ.",
            "Hebrew": "תאריך|פתיחה|גבוה|נמוך|שער|נפח",
            "Thai": "วันเดือนปี|เปิด|สูง|ต่ำ|ล่าสุด|ปริมาณ",
            "Arabic": "التاريخ|مفتوح|مرتفع|منخفض|الأخير|الحجم",
        }.items()
    },
    "a column of days nobody knows, prices the other way round": (
        "close_time,close,high,low,open,volume\n1706659199999,10.5,11.5,9.75,10.25,1000\n", FIRST
    ),
    "a header that is a comment, prices the other way round": (
        "#date,close,high,low,open,volume\n2024-01-30,10.5,11.5,9.75,10.25,1000\n",
        FIRST,
    ),
    "rows numbered, blanks between": (
        '"Date" "Open" "High" "Low" "Close" "Volume"\n"1" 2024-01-30 10.25 11.5 9.75 10.5 1000\n', FIRST
    ),
    "a day kept as a fraction": (one_day(NAMES, "20240130.0"), FIRST),
    "the year behind, eight digits": (one_day(NAMES, "30012024"), FIRST),
    "the year behind the day, eight digits": (one_day(NAMES, "01302024"), FIRST),
    "a day kept in powers of ten": (one_day(NAMES, "2.024013E7"), FIRST),
    "the year in front, two digits": (one_day(NAMES, "24-01-30"), FIRST),
    "the year in front, of the last century": (
        one_day(NAMES, "99-12-31"), [("X", "1999-12-31", *FIRST[0][2:])]
    ),
    "the year in front, some days": (
        HEAD + "05/01/10,10,11,9,10.5,1\n05/01/11,10,11,9,10.5,1\n",
        [("X", f"2005-01-{d}", 10.0, 11.0, 9.0, 10.5, 1.0) for d in (10, 11)],
    ),
    "the year behind, two digits": (one_day("Datum|Anfang|Hoch|Tief|Schluss|Umsatz", "30.01.24"), FIRST),
    "commas of three digits between semicolons": (
        table(NAMES, "2024-01-30|1,125|1,250|1,100|1,200|1000", ";"),
        [("X", "2024-01-30", 1.125, 1.25, 1.1, 1.2, 1000.0)],
    ),
    "points of three digits between semicolons": (
        table(NAMES, "2024-01-30|148.125|148.250|148.000|148.125|1000", ";"),
        [("X", "2024-01-30", 148.125, 148.25, 148.0, 148.125, 1000.0)],
    ),
    "commas of three digits, points in thousands": (
        table(NAMES, "2024-01-30|1,125|1,250|1,100|1,200|1.000", ";"),
        [("X", "2024-01-30", 1.125, 1.25, 1.1, 1.2, 1000.0)],
    ),
    "thin blanks in thousands, commas of three digits": (
        table(NAMES, "2024-01-30|4\u202f707,125|4\u202f755,250|4\u202f624,500|4\u202f709,750|107", "\t"),
        [("X", "2024-01-30", 4707.125, 4755.25, 4624.5, 4709.75, 107.0)],
    ),
    "thin blanks in volumes, commas of three digits": (
        table(NAMES, "2024-01-30|707,125|755,250|624,500|709,750|1\u202f107", "\t"),
        [("X", "2024-01-30", 707.125, 755.25, 624.5, 709.75, 1107.0)],
    ),
    "a turnover before the volume": (
        one_day("Date|Open|High|Low|Close|Turnover,Volume (BTC)").replace(",1000", ",9,1000"), FIRST
    ),
    "shares behind money": (
        table("Date|Open|Close|Daily high|Daily low|Turnover (€)|Turnover (pcs.)",
              "2024-01-30|10.25|10.50|11.50|9.75|10,450.00|1,000", ";"),
        FIRST,
    ),
    "coins behind money": (
        "Timestamp,Open,High,Low,Close,Volume_(Currency),Volume_(BTC)\n1706572800,10.25,11.5,9.75,10.5,1e6,1000\n",
        FIRST,
    ),
    "volume in thousands": (one_day("Date|Open|High|Low|Close|Volume ('000)").replace(",1000", ",1"), FIRST),
    "volume in millions": (one_day("Date|Open|High|Low|Close|Volume (mln)").replace(",1000", ",.001"), FIRST),
    "unknown as Bloomberg writes it": (
        "Security,AAPL US Equity\n\nDate,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME\n"
        "1/30/2024,10.25,11.5,9.75,10.5,#N/A N/A\n",
        NO_VOLUME,
    ),
    "a price and its currency": ("time,PriceUSD\n2024-01-30,10.5\n", [("X", *CLOSES[0][1:])]),
}  # fmt: skip
SEVERAL |= {
    "a clock of zeros": (
        "<TICKER>,<PER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "T1,D,20240130,000000,10.25,11.5,9.75,10.5,1000,0\nT2,D,20240130,000000,20.25,21.5,19.75,20.5,7,0\n",
        [T1, T2],
    ),
    "instruments": (
        "instrument_name,open,high,low,close,vol,vol_quote,open_time\n"
        "T1,10.25,11.5,9.75,10.5,1000,1,1706572800000\nT2,20.25,21.5,19.75,20.5,7,1,1706572800000\n",
        [T1, T2],
    ),
}

HEADERS = """
Start Date|Open Price|High Price|Low Price|Close Price|Volume
Trade Date|Opening Price|High|Low|Closing Price|Turnover
Day|Open|High|Low|Last Price|Vol.
Session|Open|High|Low|Last|Volume
Timestamp (UTC)|Open|High|Low|Close|Volume
Unix|Open|High|Low|Close|Volume
Exchange Date|OPEN|HIGH|LOW|LAST_PRICE|VOLUME
business_date|open_px|high_px|low_px|close_px|vol
Date (GMT)|Open (USD)|High (USD)|Low (USD)|Close (USD)|Volume (BTC)
Date|24h Open (USD)|24h High (USD)|24h Low (USD)|Closing Price (USD)|24h Volume (USD)
DateTime|OpenBid|HighBid|LowBid|CloseBid|Vol
startTime|openPrice|highPrice|lowPrice|closePrice|baseVolume
<DTYYYYMMDD>|<OPEN>|<HIGH>|<LOW>|<CLOSE>|<VOL>
date|o|h|l|c|v
Datum|Anfang|Hoch|Tief|Ende|Volumen
Date|Ouverture|Plus haut|Plus bas|Clôture|Volume
Fecha|Precio Apertura|Precio Máximo|Precio Mínimo|Precio Cierre|Títulos
Data|Preço de Abertura|Preço Máximo|Preço Mínimo|Preço de Fechamento|Quantidade
Data|Prezzo di apertura|Massimo|Minimo|Prezzo di chiusura|Quantità
Datum|Openingskoers|Hoogste koers|Laagste koers|Slotkoers|Volume
Data|Kurs otwarcia|Kurs maksymalny|Kurs minimalny|Kurs zamknięcia|Obrót
Дата|Цена открытия|Макс. цена|Мин. цена|Цена закрытия|Объем торгов
日付|始値|高値|安値|終値|売買高
日期|開盤價|最高價|最低價|收盤價|成交股數
交易日期|开盘|最高|最低|收盘|成交量(手)
Bid date|Openkurs|Högstakurs|Lägstakurs|Stängningskurs|Total volym
Päivämäärä|Avaus|Ylin|Alin|Päätös|Vaihto
Datum|Otevření|Maximum|Minimum|Závěr|Objem
Dátum|Nyitó|Maximum|Minimum|Záró|Forgalom
Tarih|Açılış|Yüksek|Düşük|Kapanış(TL)|Hacim(TL)
Ημερομηνία|Άνοιγμα|Υψηλό|Χαμηλό|Κλείσιμο|Όγκος
Ngày|Mở cửa|Cao nhất|Thấp nhất|Đóng cửa|Khối lượng
TradDt|OpnPric|HghPric|LwPric|ClsPric|TtlTradgVol
""".strip().splitlines()
ONE |= {
    names: (one_day(names, "1706572800" if names.startswith("Unix") else "2024-01-30"), FIRST)
    for names in HEADERS
}


def loaded(db: Db, path: Path, options: LoadOptions) -> list[Any]:
    """What a file brings in, taken back afterwards; or what is said against it."""
    try:
        with db.transaction(force_rollback=True):
            load_files(db, [str(path)], options)
            return db.execute(
                """SELECT a.symbol, h.local_day::text, h.open, h.high, h.low, h.close, h.volume
                   FROM cmc_price_histories7 AS h JOIN assets AS a USING (id)
                   ORDER BY a.symbol, h."timestamp" """
            ).fetchall()
    except Exception as error:
        return [str(error)]


def test_imitations(db: Db, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    wrong = {}
    for cases, options in ((SEVERAL, LoadOptions()), (ONE, LoadOptions(asset="X"))):
        for name, (data, rows) in cases.items():
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
            if (got := loaded(db, path, options)) != rows:
                wrong[name] = got
    assert wrong == {}


REFUSED: dict[str, tuple[str | bytes, str | None, int, str]] = {
    "several stocks for one asset": (
        SEVERAL["a column of stocks, adjusted prices beside"][0],
        "X",
        2,
        "2 symbols",
    ),
    "several tickers for one asset": (SEVERAL["tickers first, older"][0], "X", 2, "2 symbols"),
    "names with blanks": (
        "crypto,date,open,high,low,close\nBitcoin Cash,2024-01-30,1,1,1,1\nEther,2024-01-30,1,1,1,1\n",
        None,
        2,
        "prices.csv, line 2, column crypto",
    ),
    "symbols of digits": (
        "code,date,close\n600000,2024-01-30,1\n600001,2024-01-30,1\n",
        None,
        2,
        "--symbol-suffix",
    ),
    "columns that are no assets": ("Date,NAV_CHANGE,VWAP\n2024-01-30,1,1\n", "X", 2, "--columns"),
    "text below": ("PERMNO,date,KIND\n14593,20240130,AAPL\n", "X", 2, "--columns"),
    "bzip2": (bz2.compress((HEAD + ROWS).encode()), "X", 1, "bzip2"),
    "no text": (bytes(range(256)) * 10, "X", 1, "not a text file"),
    "a count that was rounded": ("time,close\n1.70657E+12,10.5\n", "X", 1, "'1.70657E+12' is not a day"),
    "commas within numbers": (HEAD + "2024-01-30,10,11,9,10,1,000\n", "X", 1, "decimal commas"),
    "commas within closing prices": ("Date,Close\n2024-01-30,10,50\n", "X", 1, "decimal commas"),
    "no header, the close in the middle": (
        "1706572800,10.25,10.5,11.5,9.75,1000,10450\n",
        "X",
        2,
        "--no-header --columns",
    ),
    "a header of names that nobody knows": ("d,s,h,t,e\n2024-01-30,1,2,1,1.5\n", "X", 2, "--columns"),
    "prices in two currencies": (
        "time,PriceBTC,PriceUSD\n2024-01-30,1,42000\n",
        "X",
        2,
        "PriceBTC, PriceUSD",
    ),
    "eight digits that are two days": ("Date,Close\n12112010,10.5\n", "X", 2, "--date-order"),
    "no header, two closing prices": ("T1,2024-01-30,10.25,11.5,9.75,10.5,10.4,1000\n", None, 2, "--columns"),
    "one column that nobody knows": ("Date,Gold\n2024-01-30,10.5\n", "X", 2, "--columns close=NAME"),
    "no such day": ("Date,Close\n20240230,10.5\n", "X", 1, "'20240230' is not a day"),
    "a day's number of Excel": ("Date,Close\n45321,10.5\n", "X", 1, "Excel"),
    "a dividend between the prices": (
        HEAD + ROWS.replace("\n", "\n2024-01-30,0.24 Dividend\n", 1),
        "X",
        1,
        "or --skip-bad-lines 1",
    ),
    "closing prices in two columns": (
        table("Date|Close|Close", "2024-01-30|10.5|10.4"),
        "X",
        1,
        "--columns close=3 takes the one at that place",
    ),
    "no opening prices": (
        table("Date|High|Low|Close", "2024-01-30|11.5|9.75|10.5"),
        "X",
        2,
        "--columns 'open=Close' takes the closing price instead",
    ),
    "two digits that are a year or a day": (
        HEAD + "20-10-02,10.25,11.5,9.75,10.5,1000\n",
        "X",
        2,
        "--date-order dmy or --date-order ymd",
    ),
    "days of two readings under a maker's header": (
        table("Date|Open|High|Low|Close|Adj Close|Volume", "1/2/2024|10.25|11.5|9.75|10.5|5|1000"),
        "X",
        2,
        "--date-order",
    ),
    "a month and a year": (HEAD + "Jan 2024,1,1,1,1,1\n2024-01-31,1,1,1,1,1\n", "X", 1, "line 2"),
}


@pytest.mark.parametrize(
    ("cells", "columns"),
    [
        ("Date,High,Low,Close\n2024-01-30,11.5,9.75,10.5\n", {"open": "Close"}),
        ("Date,Open,High,Low,Close,Close\n2024-01-30,10.5,11.5,9.75,99,10.5\n", {"close": "6"}),
    ],
)
def test_an_option_takes_a_column(db: Db, tmp_path: Path, cells: str, columns: dict[str, str]) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(cells)
    options = LoadOptions(asset="X", columns=columns)
    assert loaded(db, path, options) == [("X", "2024-01-30", 10.5, 11.5, 9.75, 10.5, None)]


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(db: Db, tmp_path: Path, what: str) -> None:
    data, asset, code, said = REFUSED[what]
    path = tmp_path / "prices.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(TaLabError, match=re.escape(said)) as raised:
        load_files(db, [str(path)], LoadOptions(asset=asset))
    assert raised.value.exit_code == code
    assert db.execute("SELECT count(*) FROM cmc_price_histories7").fetchone() == (0,)
