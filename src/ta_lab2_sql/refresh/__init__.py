"""Refresh assets in parallel: one call of one function for one asset is one transaction.

The loop over assets, retries and parallelism are here; what is stale and what to compute is decided in SQL.
run: the whole; request: what is asked for; workers: who does it; result: what became of it; progress: who is
told; plan: what would be done.
"""
