"""Benchmarks: this project and what people would write instead, on one server in one run."""
