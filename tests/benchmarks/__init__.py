"""The benchmarks themselves, tried out on next to nothing: what they show, never how long anything takes."""
