"""What the measured costs mean for more."""

from __future__ import annotations

from benchmarks.run import Run


def measure(run: Run) -> None:
    """What the measured costs mean for more assets and more machines."""
    if "build_per_asset" not in run.facts or "many" not in run.facts:
        return
    build = run.facts["build_per_asset"]
    append_each = run.facts["many"]["one more day, calls over two connections"]["median"] * 2 / run.sizes.many
    gain = run.facts["workers"]["1"]["median"] / run.facts["workers"]["2"]["median"] / 2
    disk = run.facts["bytes_per_day"] * 3653
    table = run.section(
        "Model: assets of ten years",
        "assets",
        "disk GB",
        "full build, 1 connection",
        "full build, 2 connections here",
        "one more day, 2 connections here",
        "one more day, 16 machines like this",
        note=f"From {build:.2f} s a build and {append_each * 1e3:.1f} ms "
        "a day and asset of one connection's time, "
        f"{disk / 1e6:.1f} MB an asset with raw and validated days, and {gain:.2f} of linear gain "
        "by the second "
        "connection. Machines share nothing, since no asset's rows meet another's; the coordinator "
        "isn't counted.",
    )

    def span(seconds: float) -> str:
        for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
            if seconds >= 2 * size:
                return f"{seconds / size:.1f} {unit}"
        return f"{seconds:.1f} s"

    for assets in (500, 10_000, 1_000_000):
        table.rows.append(
            (
                assets,
                assets * disk / 1e9,
                span(assets * build),
                span(assets * build / 2 / gain),
                span(assets * append_each / 2),
                span(assets * append_each / 32),
            )
        )
    run.facts["model"] = {"build": build, "append": append_each, "gain": gain, "disk": disk}
