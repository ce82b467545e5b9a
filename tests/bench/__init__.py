"""Benchmarks: figures as ratios in one run, on one machine, side by side."""
