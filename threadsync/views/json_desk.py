"""The everyday commands as JSON; ``schema/plan.schema.json`` describes them too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from threadsync.execution.apilog import Call
from threadsync.model.ids import Json
from threadsync.providers.base import Scope
from threadsync.views.json import Mapped, document
from threadsync.views.moments import stamp
from threadsync.views.seen_desk import Checked, Credential, Spoken


def log_json(calls: Sequence[Call]) -> Mapped:
    """Return calls of the API log, the newest last."""
    return document(
        "log",
        calls=[
            {
                "at": stamp(call.at),
                "run": call.run,
                "command": call.command,
                "target": call.target,
                "operation": call.operation,
                "parameters": call.parameters,
                "visibility": call.visibility,
                "attempt": call.attempt,
                "status": call.status,
                "reason": call.reason,
                "fault_class": call.fault_class,
                "fault_row": call.fault_row,
                "fault_text": call.fault_text,
                "ids": list(call.ids),
                "duration_ms": call.duration_ms,
                "allowances": dict(call.allowances),
            }
            for call in calls
        ],
    )


def doctor_json(checks: Sequence[Checked]) -> Mapped:
    """Return what each check of a set-up came to."""
    return document(
        "doctor",
        ok=not any(check.verdict == "problem" for check in checks),
        checks=[
            {"name": each.name, "verdict": str(each.verdict), "said": each.said, "remedy": each.remedy}
            for each in checks
        ],
    )


def auth_json(rows: Sequence[Credential]) -> Mapped:
    """Return how credentials stand; never what they are."""
    return document("credentials", credentials=[_credential(row) for row in rows])


def _credential(row: Credential) -> Json:
    examined, account = row.examined, row.account
    scopes = examined.scopes if examined is not None else None
    return {
        "target": row.target,
        "role": row.role,
        "form": row.form,
        "problem": row.problem,
        "remedy": row.remedy,
        "account": {"handle": account.handle, "id": account.account_id} if account is not None else None,
        "scopes": sorted(scopes) if scopes is not None else None,
        "needed": [_scope(scope) for scope in row.needed],
        "missing": [_scope(scope) for scope in row.missing],
        "issued_at": _maybe(examined.issued_at) if examined is not None else None,
        "expires_at": _maybe(row.expires_at),
        "endless": examined is not None and examined.endless,
        "renewed_at": _maybe(row.renewal.at) if row.renewal is not None else None,
        "unknown": examined.unknown if examined is not None else "",
        "kind": examined.kind if examined is not None else "",
        "danger": examined.danger if examined is not None else "",
    }


def _scope(scope: Scope) -> Json:
    return {"name": scope.name, "meaning": scope.meaning}


def _maybe(at: datetime | None) -> str | None:
    return stamp(at) if at is not None else None


def providers_json(rows: Sequence[Spoken]) -> Mapped:
    """Return every provider with what it can do and needs."""
    return document("providers", providers=[_provider(row) for row in rows])


def _provider(row: Spoken) -> Json:
    about, known = row.about, row.capabilities
    return {
        "name": row.name,
        "api": about.api,
        "base_url": row.base_url,
        "source": about.source,
        "features": sorted(known.features),
        "fetches_media": known.fetches_media,
        "counts": list(known.counts),
        "permalink_characters_max": known.permalink_characters_max,
        "limits": [{"number": limit.number, "unit": limit.unit} for limit in about.limits],
        "quotas": dict(about.quotas),
        "roles": [
            {
                "role": each.role,
                "meaning": each.meaning,
                "renewable": each.renewable,
                "of_app": each.of_app,
                "variable": each.variable,
            }
            for each in about.roles
        ],
        "app": [{"key": each.key, "variable": each.variable, "meaning": each.meaning} for each in row.app],
        "scopes": [
            {
                "name": each.name,
                "meaning": each.meaning,
                "required": each.required,
                "use": each.use.value,
            }
            for each in about.scopes
        ],
    }
