"""The page of the error classes, and the index of all names of rules, reasons and errors.

Both are made of what is there: the classes, and the pages that explain the names.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping

from threadsync import errors
from threadsync.cli._errors import status_of
from threadsync.errors import ThreadsyncError
from threadsync.model.fault import FaultClass

ERRORS = """
# Errors

Every error that a person can act on is a class of `threadsync.errors`, below `ThreadsyncError`, and carries three texts:
`problem` (what is wrong, naming the thing), `where` (file, line or address; may be empty) and `remedy` (what to do next). The command
line prints them on standard error and ends with the exit status of the class; a program catches the class. Anything else that is
raised is a bug of ours.

**Again** says whether the same command or call may simply be made once more. Where it says *yes*, nothing that others can see has
been sent twice by that, whatever became of the first time. An `apply` that is interrupted in the middle of its work reports what was
done and ends with 4, whatever the error: the next `apply` settles what is in doubt, and goes on.

| class | exit status | meaning, and when it is raised | what to do | again |
|---|---|---|---|---|"""
FAULTS = """
## What a network answers

An `ApiError` carries `fault`, whose `kind` says what may be done next. Which answer of a network is of which kind stands in its table:
[Threads](rules-threads.md#errors), [Bluesky](rules-bluesky.md#errors).

What paused means, and when a target goes on, stands in [reports](reports.md#paused-targets).

| kind | meaning | what apply does |
|---|---|---|"""
INDEX = """
# All names of rules, reasons and errors

Every name that a finding, a reason or an error of a network has, and the page that explains it.

| name | is | stands in |
|---|---|---|"""
ROWS: Mapping[str, tuple[str, str, str]] = {
    "ThreadsyncError": ("", "Catch it to catch all of them.", "see its kind"),
    "UsageError": (
        "An option, a selector, an argument or a consent does not fit what is there.",
        "Give what the message asks for.",
        "not as it was; nothing was sent",
    ),
    "WrongCheckout": (
        "Another branch, or changes that are not committed.",
        "Apply from the branch that it names; [where apply may be run from](../apply-from.md).",
        "from there",
    ),
    "ProjectError": (
        "Also a credential that is not there, or an extra that is not installed.",
        "`threadsync doctor` names each fault with its remedy.",
        "after mending it; nothing was sent",
    ),
    "ContentError": (
        "",
        "`threadsync validate` lists every finding with its line; [the rules](rules.md).",
        "after mending it; nothing was sent",
    ),
    "StateError": (
        "Git fails, or the place is none for a state.",
        "Read the remedy; [the state](../state.md).",
        "yes",
    ),
    "StateLocked": (
        "The message says whose, on which machine, and since when.",
        "Wait, or give `--lock-timeout`. Only if that run is dead: `threadsync state force-unlock`.",
        "yes",
    ),
    "StateDamaged": (
        "The checksum does not fit, or a note of the journal cannot be read.",
        "`threadsync state history` prints the command that puts the newest copy back.",
        "not before that; it is refused",
    ),
    "StateTooNew": (
        "",
        "Upgrade threadsync on this machine.",
        "after upgrading",
    ),
    "StateForeign": (
        "State and journal are of two lineages, or one is a copy from earlier.",
        "Put the right file back: `threadsync state history`.",
        "not before that; it is refused",
    ),
    "StateUnwritable": (
        "",
        "Free the disk, or give the right to push; then apply again.",
        "yes",
    ),
    "StateOutdated": (
        "",
        "Run the command again.",
        "yes",
    ),
    "StateUnreachable": (
        "",
        "Look at the connection, then run the command again: it finds out what arrived.",
        "yes",
    ),
    "PlanError": ("", "Read the plan.", "see its kind"),
    "UnsafePlan": (
        "",
        "Read the plan; name the number, as `--max-creates 40`, or apply a part of it.",
        "not without the number; nothing was sent",
    ),
    "StalePlan": (
        "",
        "Make and read a new plan.",
        "not with this plan; nothing of it was sent",
    ),
    "Frozen": (
        "The message says who froze it, when and why.",
        "When it is over: `threadsync unfreeze`. A plan still shows what would be done.",
        "after that; nothing was sent",
    ),
    "PublishBlocked": (
        "Of `client.publish`; `reason` is its [name](reasons.md).",
        "As the reason's row says.",
        "after that; nothing was sent",
    ),
    "ProviderError": ("", "See its kinds.", "see its kind"),
    "ApiError": (
        "",
        "As `fault.remedy` says; `fault.kind` says what may be done next.",
        "as its kind below says",
    ),
    "PublishRefused": (
        "Of `client.publish`.",
        "As `fault.remedy` says. With `journal=` the next call goes on behind them.",
        "with `journal=`",
    ),
    "PublishUncertain": (
        "Of `client.publish`.",
        "Look at the account. With `journal=` the next call looks again.",
        "with `journal=`; never without",
    ),
    "Unanswered": (
        "",
        "If `sent`, look at the account first. `apply` and `client.publish` do that by themselves.",
        "if `sent` is false",
    ),
    "AuthorizationDenied": (
        "The window of the network came back without a code.",
        "Ask the person again.",
        "yes",
    ),
    "AuthorizationMismatch": (
        "The address that came back has another `state`.",
        "Do not use it. Begin the authorization anew.",
        "with a new authorization",
    ),
    "CredentialsExpired": (
        "Of a client that was given `Credentials`.",
        "Authorize the account again.",
        "after that; nothing was sent",
    ),
    "RateLimitReached": (
        "Of a client with a `RateLimiter`.",
        "Call after `seconds`, or let it wait longer.",
        "yes; nothing was sent",
    ),
    "DatabaseError": (
        "The file or server of log, ledger and cursors refuses, or holds a later format.",
        "Read the remedy; [the tables](../database.md).",
        "after mending it",
    ),
    "WebhookError": (
        "A signature does not fit, or a body cannot be read.",
        "Answer 403 or 400; act on nothing.",
        "no",
    ),
    "OutputError": (
        "Standard output, or the file of `--out`, cannot be written.",
        "Free the disk. `threadsync status` says what is live.",
        "yes; what was done is on record",
    ),
    "WatchError": (
        "Its number of watched files is used up.",
        "Raise it, as the remedy says.",
        "yes",
    ),
    "PluginError": (
        "Its package is there, and of another version, or broken.",
        "Mend or upgrade the package.",
        "after that",
    ),
    "ProviderNotFound": (
        "A target names a provider that no installed package has.",
        "Correct the name, or install it; `threadsync providers` lists what is there.",
        "after that",
    ),
}
"""When each class is raised, what to do then, and whether the same may be done again."""
ACTS: Mapping[FaultClass, str] = {
    FaultClass.TRANSIENT: "reads, and what nobody sees yet, are tried again a few times; what may be live is looked for first",
    FaultClass.NOT_READY: "waits and asks again a few times; then the action is refused until the next run",
    FaultClass.THROTTLED: "the action is refused until the next run; three in a row pause the target",
    FaultClass.QUOTA: "pauses what draws on that allowance of the account",
    FaultClass.UNAUTHORIZED: "opens an ended session anew, once; otherwise pauses the target",
    FaultClass.FORBIDDEN: "refuses the action; the others go on",
    FaultClass.INVALID: "refuses the action; the others go on",
    FaultClass.MEDIA: "refuses the action; the others go on",
    FaultClass.GONE: "refuses the action, or, if it was to be deleted, takes that for done",
    FaultClass.BLOCKED: "pauses the target",
    FaultClass.ALREADY_DONE: "looks for it on the account",
}
"""What ``threadsync apply`` does after an error of each kind."""


def pages(notice: str, others: Mapping[str, str]) -> Mapping[str, str]:
    """Return the pages by their names; *others* are the pages that explain rules and reasons."""
    classes = [_class_row(each) for each in _classes(ThreadsyncError)]
    faults = [_row(f"`{kind}`", _said(kind), ACTS[kind]) for kind in FaultClass]
    return {
        "errors.md": "\n".join([notice, ERRORS, *classes, FAULTS, *faults]) + "\n",
        "rules.md": "\n".join([notice, INDEX, *_names(others)]) + "\n",
    }


def _classes(parent: type[ThreadsyncError]) -> Iterator[type[ThreadsyncError]]:
    """Yield *parent* and what is below it, in the order of the module; private ones are passed through."""
    if not parent.__name__.startswith("_"):
        yield parent
    for each in parent.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from _classes(each)


def _class_row(each: type[ThreadsyncError]) -> str:
    name = each.__name__
    assert name in ROWS, f"{name} has no row in docs/generate_errors.py"
    when, remedy, again = ROWS[name]
    parent = next(base for base in each.__mro__[1:] if not base.__name__.startswith("_"))
    kind = "" if parent is Exception else f", a kind of `{parent.__name__}`"
    meaning = f"{(each.__doc__ or '').partition(chr(10))[0]} {when}".rstrip()
    return _row(f"`{name}`{kind}", str(int(status_of(each.__new__(each)))), meaning, remedy, again)


def _said(kind: FaultClass) -> str:
    """Return what stands under the member of *kind*: docs of members are read from the source."""
    source = inspect.getsource(FaultClass)
    (found,) = re.findall(rf'{kind.name} = "[^"]+"\n    """([^"]+)"""', source)
    return " ".join(str(found).split())


def _names(others: Mapping[str, str]) -> Iterator[str]:
    found: dict[tuple[str, str], str] = {}
    for page, text in others.items():
        title = re.findall(r"^# (.+)$", text, re.MULTILINE)[0]
        for part in text.split("\n## "):
            is_answer = part.startswith("Errors\n")
            kind = "answer of a network" if is_answer else "reason" if page == "reasons.md" else "rule"
            for name in re.findall(r"^\| `([a-z0-9-]+(?:/[a-z0-9-]+)*)` \| ", part, re.MULTILINE):
                found[name, f"[{title}]({page})"] = kind
    for (name, there), kind in sorted(found.items()):
        yield _row(f"`{name}`", kind, there)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
