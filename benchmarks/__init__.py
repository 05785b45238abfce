"""What it costs, measured against something in the same run; see docs/guarantees.md and CONTRIBUTING.md."""
