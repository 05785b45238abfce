"""The everyday commands as text: ``auth``, ``doctor`` and ``providers``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from threadsync.providers.base import Examined
from threadsync.views.moments import told
from threadsync.views.page import Page, Style
from threadsync.views.seen_desk import Checked, Credential, Spoken
from threadsync.views.words import many

INDENT = 4
_STYLES = {"ok": Style.GOOD, "warning": Style.CHANGE, "problem": Style.BAD, "skipped": Style.FAINT}
_COLUMN = len("problem") + 2


def lines_text(lines: Sequence[str], *, width: int) -> str:
    """Return *lines* as paragraphs."""
    page = Page(width, color=False)
    for line in lines:
        page.add(line)
    return page.text()


def doctor_text(checks: Sequence[Checked], *, width: int, color: bool, quiet: bool) -> str:
    """Return a row for each check, with its remedy; *quiet* leaves out what is well."""
    page = Page(width, color=color)
    for check in checks:
        if quiet and check.verdict in {"ok", "skipped"}:
            continue
        text = f"{check.verdict:<{_COLUMN}}{check.name}: {check.said}"
        page.add(text, hang=_COLUMN, style=_STYLES[check.verdict])
        if check.remedy:
            page.add(check.remedy, indent=_COLUMN)
    page.blank()
    page.add(_sum(checks), style=Style.STRONG)
    return page.text()


def _sum(checks: Sequence[Checked]) -> str:
    counted = {word: sum(check.verdict == word for check in checks) for word in ("problem", "warning")}
    found = [many(number, word) for word, number in counted.items() if number]
    looked = f"{many(len(checks), 'check')}"
    return f"{' and '.join(found).capitalize()} in {looked}." if found else f"All is well: {looked}."


def auth_text(rows: Sequence[Credential], *, width: int, color: bool, now: datetime, zone: str | None) -> str:
    """Return each credential with whose account it opens, its rights and its remaining life."""
    page = Page(width, color=color)
    for row in rows:
        role = "" if row.role == "main" else f" ({row.role})"
        page.add(
            f"{row.target}{role}: {row.form or 'not declared'}",
            hang=INDENT,
            style=Style.BAD if row.problem else Style.GOOD,
        )
        if row.account is not None:
            page.add(f"opens @{row.account.handle} (id {row.account.account_id})", indent=INDENT, hang=2)
        if row.problem:
            page.add(f"problem: {row.problem}", indent=INDENT, hang=2, style=Style.BAD)
            if row.remedy:
                page.add(row.remedy, indent=INDENT)
        else:
            _add_life(page, row, now, zone)
    if not rows:
        page.add("No credential is declared.")
    return page.text()


def _add_life(page: Page, row: Credential, now: datetime, zone: str | None) -> None:
    examined = row.examined
    if examined is None:
        page.add("it is there; the network was not asked", indent=INDENT)
        return
    if examined.kind:
        page.add(f"it is {examined.kind}", indent=INDENT, hang=2)
    if row.expires_at is not None:
        days = (row.expires_at - now).days
        left = f"{many(days, 'day')} left" if days >= 0 else "expired"
        page.add(f"lives until {told(row.expires_at, zone)}, {left}", indent=INDENT, hang=2)
    else:
        page.add("does not expire" if examined.endless else "lives until: unknown", indent=INDENT)
    _add_scopes(page, row, examined)
    if examined.issued_at is not None:
        page.add(f"issued {told(examined.issued_at, zone)}", indent=INDENT, hang=2)
    renewed = told(row.renewal.at, zone) if row.renewal is not None else "unknown"
    page.add(f"made or last renewed here: {renewed}", indent=INDENT, hang=2)
    if examined.unknown:
        page.add(examined.unknown, indent=INDENT, hang=2, style=Style.FAINT)
    if examined.danger:
        page.add(f"warning: {examined.danger}", indent=INDENT, hang=2, style=Style.BAD)
        page.add(examined.remedy, indent=INDENT)


def _add_scopes(page: Page, row: Credential, examined: Examined) -> None:
    """Add the rights that a credential has, beside those that the project needs."""
    if examined.scopes is None and examined.kind:
        return  # such a one has none
    scopes = ", ".join(sorted(examined.scopes)) if examined.scopes is not None else "unknown"
    page.add(f"scopes: {scopes}", indent=INDENT, hang=2)
    if not row.needed:
        return
    page.add(f"this project needs: {', '.join(scope.name for scope in row.needed)}", indent=INDENT, hang=2)
    for scope in row.missing:
        page.add(f"missing: {scope.name}, for {scope.meaning}", indent=INDENT, hang=2, style=Style.BAD)
    if row.missing:
        page.add(f"Log in again, which asks for them: threadsync auth login {row.target}", indent=INDENT)


def providers_text(rows: Sequence[Spoken], *, width: int, color: bool) -> str:
    """Return each provider with what may be planned there, its limits, quotas and credentials."""
    page = Page(width, color=color)
    for row in rows:
        about, known = row.about, row.capabilities
        page.blank()
        page.add(f"{row.name}  API {about.api}  {row.base_url}", style=Style.STRONG, hang=INDENT)
        page.add(about.source, indent=INDENT)
        page.add(f"posts: {', '.join(sorted(known.features))}", indent=INDENT, hang=2)
        if known.fetches_media:
            page.add("media: fetched from a public address (media_host)", indent=INDENT, hang=2)
        numbers = ", ".join(known.counts) or "none"
        page.add(f"numbers of a post (threadsync insights): {numbers}", indent=INDENT, hang=2)
        for limit in about.limits:
            page.add(f"at most {limit.number:,} {limit.unit}", indent=INDENT, hang=2)
        for what, number in about.quotas.items():
            page.add(f"{what}: {number}", indent=INDENT, hang=2)
        for role in about.roles:
            renewed = "; threadsync auth refresh renews it" if role.renewable else ""
            variable = f" (or {role.variable} in the environment)" if role.variable else ""
            page.add(f"credential {role.role}: {role.meaning}{renewed}{variable}", indent=INDENT, hang=2)
        for setting in row.app:
            said = f"{setting.meaning} (or {setting.variable} in the environment)"
            page.add(f"auth login, {setting.key}: {said}", indent=INDENT, hang=2)
        for scope in about.scopes:
            needed = " (required)" if scope.required else ""
            page.add(f"scope {scope.name}{needed}: {scope.meaning}", indent=INDENT, hang=2)
    return page.text()
