"""Each rule of the contract finds the provider that breaks it: here the toy, made wrong in one way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
import threadsync_toy
from msgspec.structs import replace
from noticeboard import Noticeboard
from threadsync_toy import ToyProvider

from threadsync.errors import Unanswered
from threadsync.execution.guard import UnguardedRequest
from threadsync.flows.core import attempt, now, record, send
from threadsync.flows.effects import Flow, Request, Response, Visibility
from threadsync.model.capabilities import Capabilities
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.facts import Account, ObservedPost, ReadBack
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MAIN, ContentDigest, RemoteId, Role
from threadsync.model.journal import Deleted, Intent, Published, Rendered, Staged
from threadsync.model.post import Publication, Segment
from threadsync.providers.base import About, Applied, Permalinks, Refused, RenderedSegment, Result, Work
from threadsync.testing.contract import ProviderContract


class NoPage(ToyProvider, frozen=True):
    @property
    def about(self) -> About:
        return replace(super().about, source="told by a friend")


class NoMainRole(ToyProvider, frozen=True):
    @property
    def about(self) -> About:
        return replace(super().about, roles=())


class OwnDigest(ToyProvider, frozen=True):
    def render(
        self, publication: Publication, segment: Segment, index: int, links: Permalinks
    ) -> RenderedSegment:
        shown = super().render(publication, segment, index, links)
        return replace(shown, rendered=replace(shown.rendered, digest=ContentDigest("mine")))


class Cuts(ToyProvider, frozen=True):
    def render(
        self, publication: Publication, segment: Segment, index: int, links: Permalinks
    ) -> RenderedSegment:
        shown = super().render(publication, segment, index, links)
        text = shown.rendered.text[: shown.count_max]
        return replace(shown, rendered=replace(shown.rendered, text=text), count=len(text))


class LimitIgnored(ToyProvider, frozen=True):
    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        return []


class ClaimsPolls(ToyProvider, frozen=True):
    @property
    def capabilities(self) -> Capabilities:
        known = super().capabilities
        return replace(known, features=known.features | {"poll"})


class RefusesItsClaim(ClaimsPolls, frozen=True):
    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        found = super().check(publication, links)
        polls = [each for each in publication.segments if each.poll is not None]
        return [*found, *(Diagnostic(each.location, "toy/poll", "No polls.", "None.") for each in polls)]


class NoRule(ToyProvider, frozen=True):
    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        return [replace(each, rule="Too long!") for each in super().check(publication, links)]


class NoRemedy(ToyProvider, frozen=True):
    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        return [replace(each, remedy="") for each in super().check(publication, links)]


class Blind(ToyProvider, frozen=True):
    def observe(self, remote_id: RemoteId) -> Flow[ObservedPost | None]:
        yield from super().observe(remote_id)
        return None


class TakesAnyPost(ToyProvider, frozen=True):
    def matches(self, rendered: Rendered, parent: RemoteId | None, post: ObservedPost) -> bool:
        return True


class ListsNoReplies(ToyProvider, frozen=True):
    def read_back(self, since: datetime, wanted: Sequence[Rendered] = ()) -> Flow[ReadBack]:
        found = yield from super().read_back(since, wanted)
        return replace(found, posts=tuple(each for each in found.posts if each.parent is None))


def put_quietly(request: Request) -> Flow[threadsync_toy.Note]:
    return threadsync_toy._noted(request)


class NoIntent(ToyProvider, frozen=True):
    def publish(self, work: Work) -> Flow[Result]:
        yield from put_quietly(threadsync_toy.put_request("a", work.job.segments[0].text, None))
        return Applied()


class SaysItStages(ToyProvider, frozen=True):
    def publish(self, work: Work) -> Flow[Result]:
        visible = threadsync_toy.put_request("a", work.job.segments[0].text, None)
        yield from put_quietly(replace(visible, visibility=Visibility.STAGE))
        return Applied()


class ForgetsItsNotes(ToyProvider, frozen=True):
    """Each life gives the note a new name, whatever the one before it had begun."""

    def publish(self, work: Work) -> Flow[Result]:
        return super().publish(replace(work, notes=()))

    def settle(self, work: Work) -> Flow[Result]:
        yield from ()
        return Applied()


class GivesUp(ToyProvider, frozen=True):
    """What is not answered counts as refused."""

    def publish(self, work: Work) -> Flow[Result]:
        above = work.job.parent
        for what in work.job.segments:
            at = yield from now()
            name = self._name(work, what, at)
            request = threadsync_toy.put_request(name, what.text, above)
            covers = request.fingerprint()
            yield from record(Intent(work.address, what.index, what.digest, "publish", name, covers, at))
            answer = yield from attempt(put_quietly(request))
            match answer:
                case Unanswered():
                    return Refused(Fault(FaultClass.TRANSIENT, "no answer", "Again.", "none"), what.index)
                case Fault():
                    return Refused(answer, what.index)
                case _:
                    made = yield from self._receipt(work, what, answer, "receipt")
            above = made.remote_id
        return Applied()


class DeletesWhatIsAbove(ToyProvider, frozen=True):
    """Takes the newest note down besides: it may be anybody's."""

    def delete(self, work: Work, posts: tuple[Published, ...]) -> Flow[Result]:
        listed = yield from super().read_back(posts[0].at)
        stranger = replace(posts[0], remote_id=listed.posts[0].remote_id)
        return (yield from super().delete(work, (stranger, *posts)))


class BelievesItIsGone(ToyProvider, frozen=True):
    """A delete without an answer counts as done."""

    def delete(self, work: Work, posts: tuple[Published, ...]) -> Flow[Result]:
        for post in posts:
            at = yield from now()
            request = threadsync_toy.delete_request(post.remote_id)
            covers = request.fingerprint()
            intent = Intent(work.address, post.index, post.digest, "delete", post.remote_id, covers, at)
            yield from record(intent)
            yield from send(request)
            yield from record(Deleted(work.address, post.remote_id, at))
        return Applied()


class NoErrorWithoutWords(ToyProvider, frozen=True):
    def classify(self, response: Response) -> Fault | None:
        return super().classify(response) if isinstance(response.json, dict) else None


class NothingPasses(ToyProvider, frozen=True):
    def classify(self, response: Response) -> Fault | None:
        found = super().classify(response)
        return replace(found, kind=FaultClass.INVALID) if found is not None else None


class BelievesAnswers(ToyProvider, frozen=True):
    def identify(self) -> Flow[Account]:
        answer = yield from send(Request("GET", "/me", auth=MAIN))
        assert isinstance(answer, Response)
        body = answer.json
        return Account("noticeboard.example", body["id"], body["handle"])  # type: ignore[index]


class KeepsASecret(ToyProvider, frozen=True):
    def publish(self, work: Work) -> Flow[Result]:
        answer = yield from send(Request("GET", "/me", auth=MAIN, answer_secrets=("handle",)))
        what = work.job.segments[0]
        assert isinstance(answer, Response)
        for secret in answer.secrets.values():
            at = yield from now()
            yield from record(Staged(work.address, what.index, what.digest, "me", secret.reveal(), at))
        return (yield from super().publish(work))


class NobodysRole(ToyProvider, frozen=True):
    def identify(self) -> Flow[Account]:
        yield from send(Request("GET", "/me", auth=Role("spare")))
        return (yield from super().identify())


class HidesAScope(ToyProvider, frozen=True):
    def scopes(self, publication: Publication) -> frozenset[str]:
        return frozenset({"write"})


class ForgetsItsSecondLife(ToyProvider, frozen=True):
    """What the last of two intents says is believed, and the one before it forgotten."""

    def publish(self, work: Work) -> Flow[Result]:
        notes = work.notes if len(work.notes) < 2 else ()
        return super().publish(replace(work, notes=notes))


class SettlesByPublishing(ToyProvider, frozen=True):
    def settle(self, work: Work) -> Flow[Result]:
        return super().publish(work)


WRONG = (
    (SettlesByPublishing, "test_a_life_may_end_at_every_effect", "settling sends PUT"),
    (HidesAScope, "test_it_says_what_it_is", "about.scopes lacks"),
    (ForgetsItsSecondLife, "test_a_life_may_end_at_every_effect", "published twice"),
    (NoPage, "test_it_says_what_it_is", "no page"),
    (NoMainRole, "test_it_says_what_it_is", "no main credential"),
    (OwnDigest, "test_what_is_shown_is_what_is_kept", "not that of the declaration"),
    (Cuts, "test_what_is_shown_is_what_is_kept", "is cut"),
    (LimitIgnored, "test_what_is_shown_is_what_is_kept", "over the limit is no error"),
    (ClaimsPolls, "test_claims_are_honest", "nothing of it is in what is published"),
    (RefusesItsClaim, "test_claims_are_honest", "poll is claimed and refused"),
    (NoRule, "test_findings_say_where_what_and_what_next", "no id of a rule"),
    (NoRemedy, "test_findings_say_where_what_and_what_next", "says no remedy"),
    (Blind, "test_what_was_published_is_found_again", "observe does not find"),
    (TakesAnyPost, "test_what_was_published_is_found_again", "takes one post for another"),
    (ListsNoReplies, "test_what_was_published_is_found_again", "read_back does not list"),
    (NoIntent, "test_no_visible_request_goes_out_without_its_intent", "law 1"),
    (SaysItStages, "test_no_visible_request_goes_out_without_its_intent", "others see what it does"),
    (NobodysRole, "test_no_visible_request_goes_out_without_its_intent", "roles that nobody declares"),
    (ForgetsItsNotes, "test_a_life_may_end_at_every_effect", "published twice"),
    (GivesUp, "test_no_lost_answer_makes_a_second_post", "published twice"),
    (DeletesWhatIsAbove, "test_a_delete_takes_down_what_is_bound_and_nothing_else", "after a delete"),
    (BelievesItIsGone, "test_a_delete_takes_down_what_is_bound_and_nothing_else", "after a delete"),
    (NoErrorWithoutWords, "test_every_refusal_is_classified", "is no error"),
    (NothingPasses, "test_every_refusal_is_classified", "may pass"),
    (BelievesAnswers, "test_no_answer_is_too_odd", "identify fails"),
    (KeepsASecret, "test_no_secret_goes_on_record", "a secret is in"),
)


@pytest.mark.parametrize(("wrong", "rule", "said"), WRONG, ids=lambda each: getattr(each, "__name__", None))
def test_a_wrong_provider_is_found(wrong: type[ToyProvider], rule: str, said: str) -> None:
    class Contract(ProviderContract):
        provider = wrong
        network = Noticeboard

    with pytest.raises((AssertionError, UnguardedRequest), match=said):
        getattr(Contract(), rule)()


def test_every_rule_of_the_contract_has_a_provider_that_breaks_it() -> None:
    rules = {name for name in vars(ProviderContract) if name.startswith("test_")}
    assert {rule for _, rule, _ in WRONG} == rules
