"""Files as their makers write them, and the general road for everybody else's: imitations with few rows."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ta_lab2_sql.load import LoadOptions, load_files

Db = psycopg.Connection[Any]
Row = tuple[str, float, float, float, float, "float | None"]

PLAIN: list[Row] = [
    ("2024-01-30", 10.25, 11.5, 9.75, 10.5, 1000.0),
    ("2024-01-31", 10.5, 12.0, 10.0, 11.25, 2500.0),
]
LARGE: list[Row] = [
    ("2024-01-30", 1234.5, 1240.25, 1230.5, 1239.75, 1200.0),
    ("2024-01-31", 1239.75, 1300.0, 1239.5, 1299.25, 3400000.0),
]
ONE: list[Row] = [("2024-01-30", 10.5, 10.5, 10.5, 10.5, 1000.0), ("2024-01-31", *[11.25] * 4, 2500.0)]

# name: layout that is found (None: the general one isn't checked), the text, the rows, further options
MAKERS: dict[str, tuple[str, str, list[Row], dict[str, Any]]] = {
    "alpha vantage, adjusted": (
        "alphavantage",
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
        "2024-01-31,10.5,12.0,10.0,11.25,5.6,2500,0.0000,1.0\n2024-01-30,10.25,11.5,9.75,10.5,5.2,1000,0.0,1.0\n",
        PLAIN, {},
    ),
    "alpha vantage, from JSON": (
        "general",
        "date,1. open,2. high,3. low,4. close,5. volume\n2024-01-31,10.5,12.0,10.0,11.25,2500\n"
        "2024-01-30,10.25,11.5,9.75,10.5,1000\n",
        PLAIN, {},
    ),
    "binance with header, microseconds": (
        "binance",
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
        "taker_buy_quote_volume,ignore\n"
        "1706572800000000,10.25,11.5,9.75,10.5,1000,1706659199999999,1,1,1,1,0\n"
        "1706659200000000,10.5,12.0,10.0,11.25,2500,1706745599999999,1,1,1,1,0\n",
        PLAIN, {},
    ),
    "binance, the unit changes in the middle": (
        "binance",
        "1706572800000,10.25,11.5,9.75,10.5,1000,1706659199999,1,1,1,1,0\n"
        "1706659200000000,10.5,12.0,10.0,11.25,2500,1706745599999999,1,1,1,1,0\n",
        PLAIN, {},
    ),
    "cryptodatadownload, old": (
        "general",
        "https://www.example.com\nDate,Symbol,Open,High,Low,Close,Volume BTC,Volume USD\n"
        "2024-01-31,BTCUSD,10.5,12.0,10.0,11.25,2500,27000\n2024-01-30,BTCUSD,10.25,11.5,9.75,10.5,1000,10400\n",
        PLAIN, {},
    ),
    "cryptodatadownload, volumes the other way round": (
        "cryptodatadownload",
        "unix,date,symbol,open,high,low,close,Volume USDT,Volume BTC,tradecount\n"
        "1706659200000,2024-01-31 00:00:00,BTCUSDT,10.5,12.0,10.0,11.25,27000,2500,9\n"
        "1706572800000,2024-01-30 00:00:00,BTCUSDT,10.25,11.5,9.75,10.5,10400,1000,9\n",
        PLAIN, {},
    ),
    "coingecko": (
        "coingecko",
        "snapped_at,price,market_cap,total_volume\n2024-01-30 00:00:00 UTC,10.5,,1000\n"
        "2024-01-31 00:00:00 UTC,11.25,5,2500\n",
        ONE, {},
    ),
    "kraken with the average price": (
        "kraken",
        "1706572800,10.25,11.5,9.75,10.5,10.4,1000,7\n1706659200,10.5,12.0,10.0,11.25,11.1,2500,7\n",
        PLAIN, {},
    ),
    "yahoo with a holiday": (
        "yahoo",
        "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-29,null,null,null,null,null,null\n"
        "2024-01-30,10.25,11.5,9.75,10.5,5.2,1000\n2024-01-31,10.5,12.0,10.0,11.25,5.6,2500\n",
        PLAIN, {},
    ),
    "yfinance, two header lines": (
        "yfinance",
        "Price,Adj Close,Close,High,Low,Open,Volume\nTicker,XYZ,XYZ,XYZ,XYZ,XYZ,XYZ\nDate,,,,,,\n"
        "2024-01-30 00:00:00+00:00,5,10.5,11.5,9.75,10.25,1000\n"
        "2024-01-31 00:00:00+00:00,5,11.25,12.0,10.0,10.5,2500\n",
        PLAIN, {},
    ),
    "stooq in Polish": (
        "stooq",
        "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen\n2024-01-30,10.25,11.5,9.75,10.5,1000\n"
        "2024-01-31,10.5,12.0,10.0,11.25,2500\n",
        PLAIN, {},
    ),
    "stooq, web": (
        "general",
        "Date,Open,High,Low,Close,Volume\r\n2024-01-30,10.25,11.5,9.75,10.5,1000\r\n"
        "2024-01-31,10.5,12.0,10.0,11.25,2500\r\n",
        PLAIN, {},
    ),
    "nasdaq": (
        "nasdaq",
        "Date, Close/Last, Volume, Open, High, Low\n01/31/2024, $11.25, 2500, $10.5, $12.0, $10.0\n"
        "01/30/2024, $10.5, 1000, $10.25, $11.5, $9.75\n",
        PLAIN, {},
    ),
    "investing in English": (
        "investing",
        '\ufeff"Date","Price","Open","High","Low","Vol.","Change %"\n'
        '"01/31/2024","1,299.25","1,239.75","1,300.00","1,239.50","3.40M","4.80%"\n'
        '"01/30/2024","1,239.75","1,234.50","1,240.25","1,230.50","1.20K","0.42%"\n',
        LARGE, {},
    ),
    "investing in German": (
        "investing-de",
        '"Datum","Zuletzt","Eröffn.","Hoch","Tief","Vol.","+/- %"\n'
        '"31.01.2024","1.299,25","1.239,75","1.300,00","1.239,50","3,40M","4,80%"\n'
        '"30.01.2024","1.239,75","1.234,50","1.240,25","1.230,50","1,20K","0,42%"\n',
        LARGE, {},
    ),
    "investing in French": (
        "investing-fr",
        '"Date","Dernier","Ouv."," Plus Haut","Plus Bas","Vol.","Variation %"\n'
        '"31/01/2024","1.299,25","1.239,75","1.300,00","1.239,50","3,40M","4,80%"\n'
        '"30/01/2024","1.239,75","1.234,50","1.240,25","1.230,50","1,20K","0,42%"\n',
        LARGE, {},
    ),
    "investing in Spanish": (
        "investing-es",
        '"Fecha","Último","Apertura","Máximo","Mínimo","Vol.","% var."\n'
        '"31.01.2024","1.299,25","1.239,75","1.300,00","1.239,50","3,40M","4,80%"\n'
        '"30.01.2024","1.239,75","1.234,50","1.240,25","1.230,50","1,20K","0,42%"\n',
        LARGE, {},
    ),
    "investing in Portuguese": (
        "investing-pt",
        '"Data","Último","Abertura","Máxima","Mínima","Vol.","Var%"\n'
        '"31.01.2024","1.299,25","1.239,75","1.300,00","1.239,50","3,40M","4,80%"\n'
        '"30.01.2024","1.239,75","1.234,50","1.240,25","1.230,50","1,20K","0,42%"\n',
        LARGE, {},
    ),
    "quandl wiki": (
        "quandl-wiki",
        "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,"
        "Adj. Volume\n"
        "2024-01-30,10.25,11.5,9.75,10.5,1000.0,0.0,1.0,1,1,1,1,1\n"
        "2024-01-31,10.5,12.0,10.0,11.25,2500.0,0.0,1.0,1,1,1,1,1\n",
        PLAIN, {},
    ),
    "quandl nse": (
        "quandl-nse",
        "Date,Open,High,Low,Last,Close,Total Trade Quantity,Turnover (Lacs)\n"
        "2024-01-31,10.5,12.0,10.0,11.2,11.25,2500,1\n2024-01-30,10.25,11.5,9.75,10.4,10.5,1000,1\n",
        PLAIN, {},
    ),
    "tiingo": (
        "tiingo",
        "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor\n"
        "2024-01-30 00:00:00+00:00,10.5,11.5,9.75,10.25,1000,1,1,1,1,1,0.0,1.0\n"
        "2024-01-31 00:00:00+00:00,11.25,12.0,10.0,10.5,2500,1,1,1,1,1,0.0,1.0\n",
        PLAIN, {},
    ),
    "polygon": (
        "polygon",
        "ticker,volume,open,close,high,low,window_start,transactions\n"
        "XYZ,1000,10.25,10.5,11.5,9.75,1706590800000000000,9\n"
        "XYZ,2500,10.5,11.25,12.0,10.0,1706677200000000000,9\n",
        PLAIN, {},
    ),
    "finam": (
        "finam",
        "<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n"
        "SBER;D;240130;000000;10.25;11.5;9.75;10.5;1000\nSBER;D;240131;000000;10.5;12.0;10.0;11.25;2500\n",
        PLAIN, {},
    ),
    "finam with slashes": (
        "finam",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n"
        "SBER,D,30/01/24,00:00,10.25,11.5,9.75,10.5,1000\nSBER,D,31/01/24,00:00,10.5,12.0,10.0,11.25,2500\n",
        PLAIN, {},
    ),
    "metatrader 4": (
        "metatrader",
        "2024.01.30,00:00,10.25,11.5,9.75,10.5,1000\n2024.01.31,00:00,10.5,12.0,10.0,11.25,2500\n",
        PLAIN, {},
    ),
    "metatrader 5": (
        "metatrader",
        "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
        "2024.01.30\t10.25\t11.5\t9.75\t10.5\t1000\t0\t1\n2024.01.31\t10.5\t12.0\t10.0\t11.25\t2500\t0\t1\n",
        PLAIN, {},
    ),
    "wsj": (
        "general",
        "Date, Open, High, Low, Close, Volume\n01/31/24, 10.5, 12.0, 10.0, 11.25, 2500\n"
        "01/30/24, 10.25, 11.5, 9.75, 10.5, 1000\n",
        PLAIN, {},
    ),
    "moex": (
        "moex",
        "history\n\nBOARDID;TRADEDATE;SHORTNAME;SECID;NUMTRADES;VALUE;OPEN;LOW;HIGH;LEGALCLOSEPRICE;WAPRICE;"
        "CLOSE;VOLUME\nTQBR;2024-01-30;Сбербанк;SBER;9;1;10.25;9.75;11.5;1;1;10.5;1000\n"
        "TQBR;2024-01-31;Сбербанк;SBER;9;1;10.5;10;12;1;1;11.25;2500\n\nhistory.cursor\n\nINDEX;TOTAL;PAGESIZE\n"
        "0;2;100\n\n",
        PLAIN, {},
    ),
    "moex candles": (
        "moex",
        "open;close;high;low;value;volume;begin;end\n"
        "10.25;10.5;11.5;9.75;1;1000;2024-01-30 00:00:00;2024-01-30 23:59:59\n"
        "10.5;11.25;12;10;1;2500;2024-01-31 00:00:00;2024-01-31 23:59:59\n",
        PLAIN, {},
    ),
    "a German broker": (
        "general",
        "Datum;Erster;Hoch;Tief;Schlusskurs;Stücke;Volumen\n31.01.2024;1.239,75;1.300,00;1.239,50;1.299,25;3.400.000;1\n"
        "30.01.2024;1.234,50;1.240,25;1.230,50;1.239,75;1.200;1\n",
        LARGE, {},
    ),
    "thousands beside one fraction": (
        "general",
        '"Data","Último","Abertura","Máxima","Mínima","Vol.","Var."\n'
        '"31.01.2024","133.382","133.000","134.000","132.000","5,32M","0,5"\n',
        [("2024-01-31", 133000.0, 134000.0, 132000.0, 133382.0, 5320000.0)],
        {"layout": "general", "date_order": "dmy"},
    ),
    "a French text with a quoted volume": (
        "general",
        "date;ouverture;haut;bas;clôture;volume\n30 janv. 2024;1 234,50;1 240,25;1 230,50;1 239,75;1 200\n"
        "31 janv. 2024;1 239,75;1 300,00;1 239,50;1 299,25;3 400 000\n",
        LARGE, {},
    ),
    "Excel, every line quoted as a whole": (
        "general",
        '"Date,Open,High,Low,Close,Volume"\n"2024-01-30,10.25,11.5,9.75,10.5,1000"\n"2024-01-31,10.5,12.0,10.0,11.25,2500"\n',
        PLAIN, {},
    ),
    "Excel's sep line": (
        "general",
        "sep=;\nDate;Open;High;Low;Close;Volume\n30-Jan-24;10,25;11,5;9,75;10,5;1000\n31-Jan-24;10,5;12;10;11,25;2500\n",
        PLAIN, {},
    ),
    "R's zoo": (
        "general",
        '"","XYZ.Open","XYZ.High","XYZ.Low","XYZ.Close","XYZ.Volume","XYZ.Adjusted"\n'
        '"2024-01-30",10.25,11.5,9.75,10.5,1000,5\n"2024-01-31",10.5,12,10,11.25,2500,5\n',
        PLAIN, {},
    ),
    "R's write.table": (
        "general",
        '"open" "high" "low" "close" "volume"\n'.replace(" ", ",")
        + "2024-01-30,10.25,11.5,9.75,10.5,1000\n2024-01-31,10.5,12,10,11.25,2500\n",
        PLAIN, {},
    ),
    "no header at all": (
        "general",
        "20240130,10.25,11.5,9.75,10.5,1000\n20240131,10.5,12.0,10.0,11.25,2500\n",
        PLAIN, {},
    ),
    "brackets, blanks, comments, a total": (
        "general",
        "# made by hand\n\nDate,Open,High,Low,Close,Volume\n2024-01-30,10.25,11.5,9.75,10.5,1000\n# remark\n"
        "2024-01-31, 10.5 ,12.0,10.0,11.25,2500\n\nTotal,,,,,3500\nSource: somebody\n",
        PLAIN, {},
    ),
    "a line ends before its volume": (
        "general",
        "Date,Open,High,Low,Close,Volume\n2024-01-30,10.25,11.5,9.75,10.5\n2024-01-31,10.5,12.0,10.0,11.25,2500\n",
        [(*PLAIN[0][:5], None), PLAIN[1]], {},
    ),
    "a price only": (
        "general",
        "observation_date;value\n2024-01-30;10.5\n2024-01-31;11.25\n",
        [(*row[:5], None) for row in ONE], {},
    ),
    "columns by number": (
        "general",
        "x;2024-01-30;10.5;1000\nx;2024-01-31;11.25;2500\n",
        ONE, {"no_header": True, "columns": {"date": "2", "close": "3", "volume": "4"}},
    ),
    "a format of its own": (
        "general",
        "date,open,high,low,close,volume\n30|01|2024,10.25,11.5,9.75,10.5,1000\n31|01|2024,10.5,12.0,10.0,11.25,2500\n",
        PLAIN, {"date_format": "%d|%m|%Y", "delimiter": ","},
    ),
    "long English days": (
        "general",
        'Date,Open,High,Low,Close,Volume\n"Tuesday, January 30, 2024",10.25,11.5,9.75,10.5,"1,000"\n'
        '"Wed, Jan 31, 2024",10.5,12.0,10.0,11.25,"2,500"\n',
        PLAIN, {},
    ),
    "Chinese names": (
        "general",
        "日期,开盘,最高,最低,收盘,成交量\n2024-01-30,10.25,11.5,9.75,10.5,1000\n2024-01-31,10.5,12.0,10.0,11.25,2500\n",
        PLAIN, {},
    ),
}  # fmt: skip


def stored(db: Db) -> list[Any]:
    return db.execute(
        """SELECT local_day::text, open, high, low, close, volume FROM cmc_price_histories7
           ORDER BY id, "timestamp" """
    ).fetchall()


@pytest.mark.parametrize("maker", MAKERS)
def test_a_makers_file(db: Db, tmp_path: Path, maker: str) -> None:
    layout, text, rows, options = MAKERS[maker]
    path = tmp_path / "prices.csv"
    path.write_bytes(text.encode())
    report = load_files(db, [str(path)], LoadOptions(asset="1", **options))
    assert [file.shape.layout.name for file in report.files] == [layout]
    assert stored(db) == rows


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "windows-1252"])
def test_encodings(cli: Any, db: Db, tmp_path: Path, encoding: str) -> None:
    _, text, rows, _ = MAKERS["investing in German"]
    path = tmp_path / "prices.csv"
    path.write_bytes(text.encode(encoding))
    result = cli("load", path, "--asset", 1)
    assert result.code == 0, result.err
    assert stored(db) == rows


def test_moex_in_its_own_encoding(cli: Any, db: Db, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(MAKERS["moex"][1].encode("windows-1251"))
    result = cli("load", path)
    assert result.code == 0, result.err
    assert "windows-1251" in result.err
    assert db.execute("SELECT symbol FROM assets").fetchall() == [("SBER",)]


def cotahist(
    day: str, symbol: str, prices: tuple[int, ...], shares: int, kind: str = "02", market: str = "010"
) -> str:
    """A line of B3's historical series."""
    open_, high, low, mean, close = prices
    return (
        f"01{day}{kind}{symbol:<12}{market}{'COMPANY':<12}{'ON':<10}{'':<3}{'R$':<4}"
        f"{open_:013}{high:013}{low:013}{mean:013}{close:013}{0:013}{0:013}{9:05}{shares:018}{0:018}"
        f"{0:013}0{0:08}{1:07}{0:013}{'BRXXXXACNOR0':<12}101"
    )


def test_lines_of_fixed_width(cli: Any, db: Db, tmp_path: Path) -> None:
    lines = [
        f"00COTAHIST.2024BOVESPA {'20240201':<222}",
        cotahist("20240130", "XYZ3", (1025, 1150, 975, 1000, 1050), 1000),
        cotahist("20240130", "XYZC10", (1, 1, 1, 1, 1), 5, "78", "070"),
        cotahist("20240131", "XYZ3", (1050, 1200, 1000, 1100, 1125), 2500),
        f"99COTAHIST.2024BOVESPA {'2024020100000000004':<222}",
    ]
    path = tmp_path / "COTAHIST_A2024.TXT"
    path.write_text("\r\n".join(lines) + "\r\n", encoding="latin-1")
    packed = tmp_path / "COTAHIST_A2024.ZIP"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(path, path.name)
    for given in (path, packed):
        result = cli("load", given)
        assert result.code == 0, result.err
        assert "layout b3;" in result.err
        assert stored(db) == PLAIN
    assert db.execute("SELECT symbol FROM assets").fetchall() == [("XYZ3",)]


def test_wide_files(cli: Any, db: Db, tmp_path: Path) -> None:
    """A column for each asset: closing prices, or several prices under several header lines."""
    path = tmp_path / "closes.csv"
    path.write_text("Date,AAPL,MSFT\n2024-01-30,10.5,\n2024-01-31,11.25,30.5\n")
    assert cli("load", path).code == 0
    found = db.execute(
        """SELECT a.symbol, h.local_day::text, h.open, h.close
           FROM cmc_price_histories7 AS h JOIN assets AS a USING (id)
           ORDER BY 1, 2"""
    ).fetchall()
    assert found == [
        ("AAPL", "2024-01-30", 10.5, 10.5), ("AAPL", "2024-01-31", 11.25, 11.25),
        ("MSFT", "2024-01-31", 30.5, 30.5),
    ]  # fmt: skip
    path = tmp_path / "all.csv"
    path.write_text(
        "Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\nTicker,T1,T2,T1,T2,T1,T2,T1,T2,T1,T2\n"
        "Date,,,,,,,,,,\n2024-01-30,10.5,20.5,11.5,21.5,9.75,19.75,10.25,20.25,1000,7\n"
    )
    assert cli("load", path).code == 0
    found = db.execute(
        """SELECT a.symbol, h.open, h.high, h.low, h.close, h.volume
           FROM cmc_price_histories7 AS h JOIN assets AS a USING (id) WHERE a.symbol LIKE 'T%' ORDER BY 1"""
    ).fetchall()
    assert found == [("T1", *PLAIN[0][1:]), ("T2", 20.25, 21.5, 19.75, 20.5, 7.0)]


def test_containers(cli: Any, db: Db, tmp_path: Path) -> None:
    _, text, rows, _ = MAKERS["stooq, web"]
    plain, packed = tmp_path / "a.csv", tmp_path / "b.csv.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    one, two = tmp_path / "c.zip", tmp_path / "d.zip"
    with zipfile.ZipFile(one, "w") as archive:
        archive.writestr("inner.csv", text)
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("x.csv", text)
        archive.writestr("y.csv", "nothing")
    for name, path in enumerate((plain, packed, one, f"{two}:x.csv"), start=1):
        result = cli("load", path, "--asset", name)
        assert result.code == 0, result.err
        assert stored(db) == rows * name
    result = cli("load", two, "--asset", 9)
    assert result.code == 2
    assert f"{two}:x.csv" in result.err
    assert cli("load", tmp_path, "--asset", 9).code == 2


def test_parquet_and_arrow(cli: Any, db: Db, tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    frame = pl.read_csv(io.StringIO(MAKERS["stooq, web"][1]), try_parse_dates=True)
    many = pl.concat([frame.with_columns(Name=pl.lit(name)) for name in ("AAA", "BBB")])
    zoned = frame.with_columns(
        pl.col("Date").cast(pl.Datetime("ns")).dt.replace_time_zone("America/New_York")
    )
    frame.write_parquet(tmp_path / "one.parquet")
    many.write_parquet(tmp_path / "many.parquet")
    zoned.write_parquet(tmp_path / "zoned.parquet")
    frame.write_ipc(tmp_path / "one.arrow")
    frame.write_ipc_stream(tmp_path / "one.arrows")
    frame.cast({"Open": pl.String}).write_parquet(tmp_path / "texts.parquet")
    frame.select("Date", AAA="Close", BBB="Open").write_parquet(tmp_path / "wide.parquet")
    for name in ("one.parquet", "zoned.parquet", "one.arrow", "one.arrows", "texts.parquet"):
        db.execute("DELETE FROM cmc_price_histories7")
        result = cli("load", tmp_path / name, "--asset", 7)
        assert result.code == 0, f"{name}: {result.err}"
        assert stored(db) == MAKERS["stooq, web"][2]
    rows = json.loads(cli("--json", "load", tmp_path / "many.parquet").out)
    assert [(row["symbol"], row["inserted"]) for row in rows] == [("AAA", 2), ("BBB", 2)]
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    assert cli("load", tmp_path / "bad.parquet", "--asset", 7).code == 1
    db.execute("DELETE FROM cmc_price_histories7")
    assert cli("load", tmp_path / "wide.parquet").code == 0
    assert [row[4] for row in stored(db)] == [10.5, 11.25, 10.25, 10.5]
