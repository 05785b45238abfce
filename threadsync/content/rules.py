"""Every rule of the content checks, once; ``docs/reference/rules-content.md`` is made from these tables.

``tests/content/test_rules.py`` walks them: each bad sample breaks its rule and no other, each good one
breaks none, and no other rule ids are in the code.
"""

from __future__ import annotations

from threadsync.content.rules_files import FILE_RULES, YAML_RULES
from threadsync.content.rules_posts import (
    MEDIA_RULES,
    POST_RULES,
    PROJECT_RULES,
    REFERENCE_RULES,
    SCHEMA_RULES,
    TEXT_RULES,
    TIME_RULES,
)
from threadsync.model.diagnostic import Diagnostic, Location

TABLES = (
    FILE_RULES,
    YAML_RULES,
    SCHEMA_RULES,
    POST_RULES,
    TEXT_RULES,
    MEDIA_RULES,
    TIME_RULES,
    REFERENCE_RULES,
    PROJECT_RULES,
)
RULES = {rule.id: rule for table in TABLES for rule in table}


def finding(rule: str, location: Location, problem: str, remedy: str | None = None) -> Diagnostic:
    """Return a finding; without a *remedy* of its own it has the rule's."""
    row = RULES[rule]
    return Diagnostic(location, rule, problem, remedy or row.remedy, row.severity)
