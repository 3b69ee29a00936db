"""Whatever dies in the middle: whole assets only, the next refresh completes, and the law holds."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from faults.place import Place, until
from law.machine import Comparison, World

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
# Asset 2 is held at its last stage, so that its days and bars of this transaction are written already:
# `refresh emas` brings everything of an asset up to date in one.
LAST_STAGE = "SELECT FROM emas WHERE id = 2 AND tf = '1D' AND bar_seq = 5 FOR UPDATE"
REVISED = """UPDATE cmc_price_histories7 AS h SET close = h.close + 1, high = greatest(h.high, h.close + 1)
             FROM cmc_price_bars_1d AS d
             WHERE d.id = h.id AND d."timestamp" = h."timestamp" AND d.bar_seq = 5"""


def csv_of(days: int) -> bytes:
    """A file of the plain format."""
    lines = ["date,open,high,low,close,volume"]
    lines += [f"2021-{1 + i // 28:02d}-{1 + i % 28:02d},1,{2 + i},1,{1 + i},5" for i in range(days)]
    return "\n".join([*lines, ""]).encode()


@pytest.fixture
def built(place: Place) -> Place:
    """Three assets, built, and then revised on their fifth day."""
    with place.connect() as db:
        db.execute(REVISED.encode())
    return place


@pytest.fixture
def held(built: Place) -> Iterator[tuple[Place, subprocess.Popen[bytes], int, psycopg.Connection[Any]]]:
    """A refresh that waits in the last stage of asset 2, its backend, and the transaction it waits for."""
    with (
        built.holding(LAST_STAGE) as holder,
        built.process("refresh", "emas", "--workers", "1") as process,
    ):
        backend = until(lambda: built.waiting("refresh"), "a refresh that waits")
        yield built, process, backend, holder


def test_the_server_listens_where_nobody_else_comes(place: Place) -> None:
    with place.connect() as db:
        assert db.execute("SHOW listen_addresses").fetchone() == ("",)
        row = db.execute("SHOW unix_socket_directories").fetchone()
    assert row == (str(place.server.home / "pg"),)
    assert (place.server.home / "pg").stat().st_mode & 0o077 == 0


def test_killed_client_in_refresh(held: Any) -> None:
    place, process, backend, holder = held
    process.send_signal(signal.SIGKILL)
    process.wait()
    holder.rollback()
    place.gone(backend)
    place.refreshed()


def test_killed_backend_in_refresh(held: Any) -> None:
    place, process, backend, _ = held
    before = bits_of_asset_2(place)
    os.kill(backend, signal.SIGKILL)
    # The server ends all connections, recovers, and the driver waits for it.
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert b"run it again" in err
    assert bits_of_asset_2(place) == before
    place.refreshed()


def test_killed_server_in_refresh(held: Any) -> None:
    place, process, _, _ = held
    before = bits_of_asset_2(place)
    place.server.kill()
    place.server.start()
    # 1: the driver has found the new server and gone on; 3: it came back too late.
    _, err = process.communicate(timeout=60)
    assert process.returncode in (1, 3), err
    assert bits_of_asset_2(place) == before
    place.refreshed()


def test_lost_connection_in_refresh(held: Any) -> None:
    place, process, backend, holder = held
    before = bits_of_asset_2(place)
    with place.connect() as db:
        db.execute("SELECT pg_terminate_backend(%s)", (backend,))
    holder.rollback()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert b"terminating connection" in err
    assert bits_of_asset_2(place) == before
    place.refreshed()


def bits_of_asset_2(place: Place) -> Any:
    """What is stored of the asset that was in the middle."""

    def look() -> Any:
        try:
            db = place.connect()
        except psycopg.OperationalError:
            return None
        with db:
            return [
                db.execute(
                    f"""SELECT count(*), md5(string_agg(md5(record_send(r)), '' ORDER BY md5(record_send(r))))
                        FROM {table} AS r WHERE id = 2""".encode()
                ).fetchone()
                for table in ("cmc_price_bars_1d", "bars", "bars_state", "emas", "emas_state", "raw_changes")
            ]

    return until(look, "the server answers")


def test_statement_timeout_in_refresh(built: Place) -> None:
    with built.holding(LAST_STAGE):
        limited = built.run("refresh", "emas", "--workers", "1", env={"PGOPTIONS": "-c statement_timeout=3s"})
    assert limited.code == 1
    assert "statement timeout" in limited.err + limited.out
    # The others are up to date, and this one is as it was.
    with built.connect() as db:
        assert db.execute("SELECT DISTINCT id FROM raw_changes").fetchall() == [(2,)]
    built.refreshed()


def test_deadlock_in_refresh_is_tried_again(built: Place) -> None:
    with (
        built.holding(LAST_STAGE) as other,
        built.process(
            "refresh", "emas", "--workers", "1", env={"PGOPTIONS": "-c deadlock_timeout=1s"}
        ) as process,
    ):
        other.execute("SET LOCAL deadlock_timeout = '1min'")
        until(lambda: built.waiting("refresh"), "a refresh that waits")
        # What the refresh holds: now each waits for the other, and the refresh gives way.
        other.execute("SELECT FROM cmc_price_bars_1d_state WHERE id = 2 FOR UPDATE")
        other.rollback()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    with built.connect() as db:
        assert db.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone() == (1,)
    built.refreshed()


def test_two_drivers_at_once(built: Place) -> None:
    with built.connect() as db:
        db.execute("UPDATE cmc_price_histories7 SET close = close + 0.5, high = high + 0.5")
    with (
        built.holding("SELECT FROM cmc_price_bars_1d_state FOR UPDATE") as holder,
        built.process("refresh", "all", "--workers", "2") as one,
        built.process("refresh", "all", "--workers", "2") as other,
    ):
        until(lambda: waiting_backends(built) >= 3, "both drivers wait for the same assets")
        holder.rollback()
        for process in (one, other):
            _, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
    assert len(built.whole_assets_only()) == 3
    built.refreshed()


def waiting_backends(place: Place) -> int:
    with place.connect() as db:
        row = db.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ta-lab2 refresh'"
            " AND wait_event_type = 'Lock'"
        ).fetchone()
    assert row is not None
    return int(row[0])


# -- load ---------------------------------------------------------------------------------------------------


# Keeps a load from writing when it has read everything, and nobody from reading.
HELD = "LOCK TABLE cmc_price_histories7 IN SHARE MODE"


def half_loaded(place: Place, process: subprocess.Popen[bytes], data: bytes) -> int:
    """Feed a file; the backend that has read it and waits to write."""
    assert process.stdin is not None
    process.stdin.write(data)
    process.stdin.close()
    process.stdin = None
    return int(until(lambda: place.waiting("load"), "a load that waits to write"))


@pytest.mark.parametrize("victim", ["client", "backend", "server"])
def test_killed_in_load(built: Place, victim: str) -> None:
    data = csv_of(60)
    with built.holding(HELD), built.process("load", "-", "--id", "1") as process:
        backend = half_loaded(built, process, data)
        if victim == "client":
            process.send_signal(signal.SIGKILL)
            process.wait()
            with built.connect() as db:
                db.execute("SELECT pg_cancel_backend(%s)", (backend,))
            built.gone(backend)
        elif victim == "backend":
            os.kill(backend, signal.SIGKILL)
        else:
            built.server.kill()
        if victim != "client":
            _, err = process.communicate(timeout=60)
            assert process.returncode in (1, 3), err
    built.server.start()
    bits_of_asset_2(built)
    with built.connect() as db:
        assert db.execute("SELECT count(*) FROM cmc_price_histories7 WHERE id = 1").fetchone() == (80,)
    loaded = built.run("load", "-", "--id", "1", stdin=data)
    assert loaded.code == 0, loaded.err
    built.refreshed()


def test_refresh_while_a_load_runs(built: Place) -> None:
    data = csv_of(60)
    with built.holding(HELD) as holder, built.process("load", "-", "--id", "1") as process:
        half_loaded(built, process, data)
        assert built.run("refresh", "all").code == 0
        holder.rollback()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    built.refreshed()


# -- migrate ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("victim", ["client", "backend", "server"])
def test_killed_in_migrate(built: Place, victim: str) -> None:
    built.make_behind()
    with built.holding("LOCK TABLE bars_latest IN ACCESS SHARE MODE") as holder:
        with built.process("migrate") as process:
            backend = until(lambda: built.waiting("migrate"), "a migration that waits")
            if victim == "client":
                process.send_signal(signal.SIGKILL)
                process.wait()
                with built.connect() as db:
                    db.execute("SELECT pg_cancel_backend(%s)", (backend,))
                built.gone(backend)
            elif victim == "backend":
                os.kill(backend, signal.SIGKILL)
            else:
                built.server.kill()
            if victim != "client":
                _, err = process.communicate(timeout=60)
                assert process.returncode in (1, 3), err
        with suppress(psycopg.Error):
            holder.rollback()
    built.server.start()
    bits_of_asset_2(built)
    # Nothing of it has happened: the database says so, and works again after the next one.
    assert built.run("migrate", "--check").code == 3
    assert built.run("refresh", "all").code == 3
    assert built.run("migrate").code == 0
    assert built.run("migrate", "--check").code == 0
    built.refreshed()


def test_refresh_during_a_migration(built: Place) -> None:
    built.make_behind()
    with built.connect() as db:
        # The driver would refuse a database that is behind; here two of one version meet.
        stamp = db.execute("SELECT obj_description('ta_lab2_objects'::regclass)").fetchone()
    with (
        built.holding("LOCK TABLE bars_latest IN ACCESS SHARE MODE") as holder,
        built.process("migrate") as migration,
    ):
        until(lambda: built.waiting("migrate"), "a migration that waits")
        assert stamp is not None
        done: list[Any] = []

        def refresh() -> None:
            with built.connect() as db:
                db.execute("SET application_name = 'ta-lab2 by hand'")
                for asset in (1, 2, 3):
                    done.append(
                        db.execute(f"SELECT action FROM refresh_emas({asset}, 'cal_us')".encode()).fetchall()
                    )

        thread = threading.Thread(target=refresh)
        thread.start()
        until(lambda: built.waiting("by hand") or len(done) == 3, "a refresh that waits or has ended")
        holder.rollback()
        _, err = migration.communicate(timeout=60)
        thread.join(60)
        assert migration.returncode == 0, err
        assert [d[0][0] for d in done] == ["revise"] * 3
    assert built.run("migrate", "--check").code == 0
    built.refreshed()


# -- disk ---------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(place: Place, tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MB that the server may use as a tablespace."""
    if not ROOT:
        pytest.skip("a full disk needs a tmpfs, and only root may mount one")
    disk = place.server.home / "disk"
    disk.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m,mode=777", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"a full disk needs a tmpfs, and this machine mounts none: {mounted.stderr.decode()}")
    try:
        space = disk / "space"
        space.mkdir()
        owner = (place.server.home / "pg").stat()
        os.chown(space, owner.st_uid, owner.st_gid)
        yield space
    finally:
        with psycopg.connect(place.url.replace("/fault?", "/postgres?"), autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS fault WITH (FORCE)")
            admin.execute("DROP TABLESPACE IF EXISTS small")
        subprocess.run(["umount", str(disk)], check=False)


def test_full_disk(place: Place, small_disk: Path) -> None:
    with place.connect() as db:
        for asset in (1, 2, 3):
            World(db, Comparison.of(db), 0).forget(asset)
    place.fill()
    tables = ("emas", "bars")
    with place.connect() as db:
        db.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'".encode())
        for table in tables:
            db.execute(f"ALTER TABLE {table} SET TABLESPACE small".encode())
    ballast = small_disk.parent / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"0" * 4096) == 4096:
            pass
    full = place.run("refresh", "all", "--workers", "1")
    assert full.code in (1, 3)
    assert "No space left on device" in full.err
    assert "Traceback" not in full.err
    place.whole_assets_only()
    with place.connect() as db:
        # Nothing of the assets that failed, not even their days.
        assert db.execute("SELECT count(*) FROM emas").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM cmc_price_bars_1d").fetchone() == (0,)
    ballast.unlink()
    place.refreshed()
