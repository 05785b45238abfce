"""What clients remember of what they read: where lists were left, and answers; see docs/database.md."""

from __future__ import annotations

from typing import Final

from threadsync.execution.tables import Part, Table

MEMORY: Final = Part(
    "memory",
    (
        Table(
            "cursors",
            (
                "account TEXT NOT NULL",
                "endpoint TEXT NOT NULL",
                "scope TEXT NOT NULL",
                "cursor TEXT NOT NULL",
                "at DOUBLE PRECISION NOT NULL",
                "PRIMARY KEY (account, endpoint, scope)",
            ),
        ),
        Table(
            "answers",
            (
                "account TEXT NOT NULL",
                "endpoint TEXT NOT NULL",
                "asked TEXT NOT NULL",
                "answer TEXT NOT NULL",
                "at DOUBLE PRECISION NOT NULL",
                "PRIMARY KEY (account, endpoint, asked)",
            ),
        ),
    ),
)
