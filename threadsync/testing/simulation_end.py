"""The peace after a simulated life, and what must be true of it: everything wanted is live, just once."""

from __future__ import annotations

from threadsync.errors import ContentError, StateLocked
from threadsync.execution.report import ActionReport
from threadsync.model.ids import Address
from threadsync.model.journal import Intent
from threadsync.model.state import Binding, Open, State
from threadsync.operations.holding import release
from threadsync.operations.surgery import state_move
from threadsync.planning.actions import Action, Blocked, NoOp, Plan, Reason, Wait
from threadsync.testing.judge import normal, text_of
from threadsync.testing.networks import Seen
from threadsync.testing.simulation_judge import Excuse
from threadsync.testing.simulation_kinds import File
from threadsync.testing.simulation_life import Life

RESTARTS_MAX = 8
PAUSE_SECONDS = 900.0


def peace(life: Life) -> Plan | None:
    """Let everything be well, and apply until nothing is left; None where it never was."""
    life.author.mend()
    life.network.usual()
    life.world.calm()
    life.world.unlock()
    left: list[str] = []
    helpless: set[str] = set()
    _let_go(life)
    for number in range(RESTARTS_MAX):
        life.world.clock.sleep(PAUSE_SECONDS)
        ran = life.world.apply()
        life.carried(ran, set())
        if isinstance(ran.error, StateLocked):
            life.world.unlock()
            continue
        if ran.outcome is None:
            life.problems.append(f"refused in peace: {_findings(ran.error)}")
            return None
        shown = ran.outcome.prepared.plan
        helped = [_helped(life, action, helpless) for action in shown.actions]
        helped += [
            _unrepublished(life, each) or _sent_otherwise(life, each)
            for each in (ran.outcome.report.actions if ran.outcome.report else ())
        ]
        if number > 1:
            helped += [_resolved(life, address) for address in life.known("open")]
        state = life.world.state
        left = [f"{action.word} {action.address} ({action.reason})" for action in shown.effective]
        held = {a.address for a in shown.actions if isinstance(a, Blocked)} | life.author.drafts
        left += [f"open {each.address}" for each in _open(state) if each.address not in held or _asks(each)]
        if not left and not any(helped):
            return shown
    life.problems.append(f"never done: {', '.join(left)}")
    return None


def _let_go(life: Life) -> None:
    """End what keeps apply from acting."""
    state = life.world.state
    if state is not None and state.freeze is not None:
        life.thaw()
    if state is not None and state.holds:
        life.guarded(lambda: release(life.world.workspace, [str(each) for each in state.holds]))


def _open(state: State | None) -> list[Open]:
    return list(state.open.values()) if state is not None else []


def _asks(unfinished: Open) -> bool:
    """Whether what is in doubt is a publish: of that a person can say what became of it."""
    verbs = [note.verb for note in unfinished.notes if isinstance(note, Intent)]
    return verbs[-1:] == ["publish"]


def _findings(error: Exception | None) -> str:
    if isinstance(error, ContentError):
        return "; ".join(str(finding) for finding in error.findings)
    return str(error)


def _helped(life: Life, action: Action, helpless: set[str]) -> bool:
    """Do what the message of a blocked *action* asks of a person, once; say whether that changed anything."""
    if not isinstance(action, Blocked) or str(action) in helpless:
        return False
    done = False
    match action.reason:
        case Reason.UNCERTAIN if action.address in life.known("open"):
            done = life.resolved(action.address)
        case Reason.LOOKS_PUBLISHED | Reason.NOT_PROVED_OURS:
            _, _, command = action.remedy.partition("threadsync import ")
            address, remote_id, *_ = command.split()
            done = life.imported(address, remote_id.rstrip("."))
        case Reason.TARGET_RENAMED:
            _, _, command = action.remedy.partition("threadsync state mv ")
            old, new = command.removesuffix(".").split()
            done = life.guarded(lambda: state_move(life.world.workspace, old, new))
        case Reason.TARGET_MISSING if action.address.target in life.author.former:
            missing = action.address.target
            now = life.author.targets[life.author.former[missing]]
            done = life.guarded(lambda: state_move(life.world.workspace, missing, now))
        case _:
            pass
    if not done:
        helpless.add(str(action))
    else:
        life.counted[f"helped: {action.reason}"] += 1
    return done


def _unrepublished(life: Life, told: ActionReport) -> bool:
    """Take ``republish: true`` out of a repost that is up already, as its refusal asks."""
    file = life.author.files.get(told.address.key)
    if "take republish: true out" not in told.remedy or file is None or "republish" not in file.front:
        return False
    del file.front["republish"]
    life.author.save(file)
    life.counted["helped: reposted once"] += 1
    return True


def _sent_otherwise(life: Life, told: ActionReport) -> bool:
    """Send films past the video service, as a refusal proposes: it knows one that the server has no more."""
    plain = life.world.project.replace("http://127.0.0.1:1}", "http://127.0.0.1:1, video: blob}")
    if "video: blob" not in told.remedy or plain == life.world.project:
        return False
    life.world.project = plain
    life.counted["helped: films past the video service"] += 1
    return True


def _resolved(life: Life, address: Address) -> bool:
    """Say what became of something that stays in doubt, as the report of every run asks."""
    done = life.resolved(address)
    life.counted["helped: still open"] += done
    return done


def judged(life: Life, plan: Plan) -> list[str]:
    """Compare the networks and the state with the files, at the end of *life*."""
    state = life.world.state
    actions = {action.address: action for action in plan.actions}
    found: list[str] = []
    for _, file in sorted(life.author.files.items()):
        for account in file.accounts:
            address = Address.parse(f"{file.key}@{life.author.targets[account]}")
            found += _published(life, file, account, actions.pop(address, None))
    found += [
        f"not right: {action.word} {action.address} ({action.reason})"
        for action in actions.values()
        if not isinstance(action, NoOp) and not _file_gone(life, action)
    ]
    return found + (_of_state(life, state) if state is not None else [])


def _published(life: Life, file: File, account: str, action: Action | None) -> list[str]:
    match action:
        case None | NoOp() if file.front.get("draft") == "true":
            return []  # what was half taken down when it became one stays so
        case NoOp(reason=Reason.SAME):
            return _live(life, file, account)
        case NoOp() | Wait() | Blocked() if _right(life, file, account, action):
            life.counted[f"ends {action.word} {action.reason}"] += 1
            return []
        case None:
            return [f"not planned: {file.key} on {account}"]
        case _:
            return [f"not right: {action.word} {action.address} ({action.reason})"]


def _right(  # noqa: PLR0912  (one case a reason)
    life: Life, file: File, account: str, action: NoOp | Wait | Blocked
) -> bool:
    """Whether *file* may stay as *action* says, by what is known without threadsync."""
    front, keys = file.front, file.names
    texts = {text for key in keys for _, text in life.author.ever[key]}
    unclear = bool(life.judge.forgotten_at) or life.judge.cloned
    match action.reason:
        case Reason.DRAFT_PUBLISHED:
            return front.get("draft") == "true"
        case Reason.ALREADY_WITHDRAWN:
            return front.get("withdraw") == "true"
        case Reason.KEPT:
            return front.get("on_change") == "keep" and (unclear or not keys.isdisjoint(life.author.changed))
        case Reason.NEEDS_CONSENT:
            return unclear or not keys.isdisjoint(life.author.changed)
        case Reason.PROTECTED:
            return not keys.isdisjoint(life.judge.protected)
        case Reason.NOT_DUE:
            return "publish" in front or bool(file.needs())
        case Reason.LATE:
            return "publish" in front
        case Reason.BEFORE_SINCE:
            return "publish" in front or len(file.accounts) > 1
        case Reason.SAME_AS_PUBLISHED | Reason.SIMILAR_TO_PUBLISHED:
            return life.judge.renamed
        case Reason.TARGET_RENAMED | Reason.TARGET_MISSING:
            return life.judge.renamed and unclear
        case Reason.WAS_TAKEN_DOWN:
            return any(text_of(post) in texts for post in life.network.deleted())
        case Reason.GONE:
            above = {name for key in file.needs() for name in life.author.files[key].names}
            needed = {text for key in above for _, text in life.author.ever[key]}
            return any(text_of(post) in texts | needed for post in life.network.deleted())
        case Reason.LOOKS_PUBLISHED:
            wanted = set(file.published)
            there = any(post.account == account and text_of(post) in wanted for post in life.ours())
            let_go = not file.names.isdisjoint(life.accepted)  # what was left of a chain, and stays up
            by_hand = any(text_of(post) in wanted for post in _taken_by_hand(life))
            return there and (unclear or let_go or by_hand or life.judge.renamed)
        case Reason.DEPENDS_ON_BLOCKED | Reason.LINK_CHANGED:
            return bool(file.needs())
        case _:
            return False


def _live(life: Life, file: File, account: str) -> list[str]:
    """Find what of an unchanged publication is not live, or not where it belongs."""
    texts = file.published
    copies = [[p for p in life.ours() if p.account == account and text_of(p) == text] for text in texts]
    missing = [text for text, posts in zip(texts, copies, strict=True) if not posts]
    accepted = not file.names.isdisjoint(life.accepted)  # and so is where it hangs
    by_hand = any(text_of(post) in texts for post in _taken_by_hand(life))
    unclear = bool(life.judge.forgotten_at) or life.judge.cloned
    if missing:
        if by_hand or accepted:
            return []
        if unclear:
            place = (account, missing[0])
            life.judge.excuse(Excuse.FORGOTTEN if life.judge.forgotten_at else Excuse.CLONES, place)
            return []
        return [f"lost: {missing[0]!r} of {file.key} is not on {account}"]
    above = copies[0]
    for posts in copies[1:]:
        above = [post for post in posts if post.parent in {each.remote_id for each in above}]
    # Where a person took down what began a chain, another state may have published its text again.
    return [] if above or accepted or (by_hand and unclear) else [f"out of order: {file.key} on {account}"]


def _taken_by_hand(life: Life) -> list[Seen]:
    return [post for post in life.network.deleted() if post.remote_id in life.judge.deleted_by_hand]


def _file_gone(life: Life, action: Action) -> bool:
    """Whether it is right that something without a file is held back as *action* says."""
    match action:
        case Blocked(reason=Reason.PROTECTED):
            return action.address.key in life.judge.protected
        case Blocked(reason=Reason.SAME_AS_PUBLISHED | Reason.TARGET_MISSING):
            return life.judge.renamed
        case Blocked(reason=Reason.GONE):
            return bool(life.judge.deleted_by_hand)
        case _:
            return False


def _of_state(life: Life, state: State) -> list[str]:
    """Compare what the state binds, and what it says was taken down, with the networks."""
    judge = life.judge
    if judge.forgotten_at or judge.cloned:
        return []
    live = {post.remote_id: post for post in life.network.live()}
    found = [each for binding in state.bindings.values() for each in _bound(life, binding, live)]
    known = {remote_id for binding in state.bindings.values() for remote_id in binding.remote_ids}
    for stone in state.tombstones.values():
        posts = {segment.remote_id for segment in (*stone.segments, *stone.superseded)}
        known |= posts
        if stone.why in {"removed", "withdrawn"}:
            found += [f"taken down, and live: {live[each].text!r}" for each in sorted(posts & set(live))]
    by_person = life.accepted | judge.imported  # what an import leaves out stays up
    given_up = {text for key in by_person for _, text in life.author.ever.get(key, ())}
    orphans = [
        post
        for each, post in live.items()
        if each not in known | judge.by_hand and text_of(post) not in given_up
        if post.parent not in judge.deleted_by_hand  # what is left of a chain that a person took down in part
        if not judge.beside[post.account, text_of(post)]  # the older copy, of what is republished
    ]
    return found + [f"nobody's: {post.text!r} on {post.account}" for post in orphans]


def _bound(life: Life, binding: Binding, live: dict[str, Seen]) -> list[str]:
    found: list[str] = []
    above = ""
    for segment in binding.segments:
        post = live.get(segment.remote_id)
        if post is None:
            if segment.remote_id not in life.judge.deleted_by_hand:
                found.append(f"bound, and not live: {segment.text!r} of {binding.address}")
            break
        said = segment.text or text_of(post)  # a repost says nothing of its own
        if text_of(post) != normal(said) and post.remote_id not in life.judge.edited:
            found.append(f"bound to another text: {segment.text!r} of {binding.address}")
        if above and post.parent != above:
            found.append(f"out of order: {segment.text!r} of {binding.address}")
        above = segment.remote_id
    return found
