"""The contract that every provider keeps, as tests for its author: threadsync's own are run on it too.

    class TestToy(ProviderContract):
        provider = ToyProvider
        network = Noticeboard

Each test says in its docstring what it asks for. It needs no network and takes no time: *network* is a model
of the provider's network, made anew for each run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import ClassVar, Protocol

from threadsync.errors import ApiError, Unanswered, UsageError
from threadsync.flows.effects import Flow, Request, Response, Secret
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MAIN, Address, Json, PostKey, RemoteId, TargetName
from threadsync.model.journal import Rendered
from threadsync.model.post import Publication
from threadsync.planning.claims import DECORATIONS, unclaimed
from threadsync.providers.authorizing import CODE
from threadsync.providers.base import Applied, Provider, ProviderContext, Refused, Result
from threadsync.testing.contract_posts import ASKING, BY_THE_CORE, no_links, post_of
from threadsync.testing.contract_run import (
    CANARY,
    START,
    Bench,
    ContractNetwork,
    Died,
    LivePost,
    Trouble,
)

__all__ = ["ContractNetwork", "LivePost", "ProviderContract"]

TEXTS = ("Twelve lifts are broken.", "The longest outage: 203 days.", "All were reported.")
OTHER = "Another post of the same account."
STATUSES = (400, 401, 403, 404, 429, 500, 502, 503)
_RULE = re.compile(r"[a-z0-9_-]+/[a-z0-9-]+")


class MakesProvider(Protocol):
    """A provider's class, or a function that makes one."""

    def __call__(self, context: ProviderContext) -> Provider:
        """Return the provider of one target."""
        ...


class MakesNetwork(Protocol):
    """The class of a network in memory, or a function that makes one."""

    def __call__(self) -> ContractNetwork:
        """Return a network with one account, and nothing on it."""
        ...


class ProviderContract:
    """Subclass it in a test module, and name a *provider* and a *network*; pytest runs the rest."""

    provider: ClassVar[MakesProvider]
    network: ClassVar[MakesNetwork]
    settings: ClassVar[Mapping[str, Json]] = {}
    """What the target of a project would say besides."""
    account: ClassVar[str] = "main"
    """The handle of the account, as a project would declare it."""
    pictures: ClassVar[bool] = False
    """Whether *network* takes pictures, by an upload or from https://media.example: then one is published."""

    def test_it_says_what_it_is(self) -> None:
        """A person can tell what it speaks to, by which documentation, and with which credentials."""
        provider = self._provider()
        about = provider.about
        assert about.api, "about.api names no version of the network's API"
        assert about.source.startswith("https://"), "about.source is no page that everybody can open"
        assert MAIN in {each.role for each in about.roles}, "about.roles has no main credential"
        assert all(each.meaning for each in about.roles), "a role of about.roles says nothing of itself"
        assert provider.default_base_url.startswith("https://"), "credentials go out to default_base_url"
        assert "text" in provider.capabilities.features, "a network without text is none for posts"
        known = {each.name for each in about.scopes}
        for feature, asks in ASKING.items():
            post = asks(post_of(TARGET, *TEXTS))
            wanted = provider.scopes(post) | provider.needs(post).scopes
            assert wanted <= known, f"about.scopes lacks what {feature} needs: {wanted - known}"

    def test_what_is_shown_is_what_is_kept(self) -> None:
        """A segment is rendered under the digest of its declaration, the same each time, and never cut."""
        provider = self._provider()
        post = post_of(TARGET, *TEXTS)
        for index, segment in enumerate(post.segments):
            shown = provider.render(post, segment, index, no_links)
            assert shown == provider.render(post, segment, index, no_links), "one segment is rendered twice"
            assert shown.rendered.digest == segment.digest, "the digest is not that of the declaration"
            assert shown.rendered.index == index, "a segment is rendered as another one"
            assert 0 < shown.count <= shown.count_max, f"{shown.count} of {shown.count_max} are counted"
        long = post_of(TARGET, "x" * (_count_max(provider) + 1))
        whole = provider.render(long, long.segments[0], 0, no_links)
        assert whole.count > whole.count_max, "a text over the limit is cut, or not counted"
        assert _errors(provider, long), "a text over the limit is no error"

    def test_claims_are_honest(self) -> None:
        """What is claimed is taken and goes out; what is not claimed cannot be planned (law 10)."""
        provider = self._provider()
        claimed = provider.capabilities
        for feature, asks in ASKING.items():
            plain = post_of(TARGET, *(TEXTS[:2] if feature == "number" else TEXTS[:1]))
            post = asks(plain)
            if feature not in claimed.features:
                found = provider.check(post, no_links)
                found += unclaimed(post, claimed, found)
                stops = [each for each in found if each.is_error or feature in DECORATIONS]
                assert stops, f"{feature} is not claimed, and can be planned"
                continue
            assert not _errors(provider, post), f"{feature} is claimed and refused"
            if feature not in BY_THE_CORE:
                alike = _rendered(provider, post) == _rendered(provider, plain)
                assert not alike, f"{feature} is claimed, and nothing of it is in what is published"

    def test_findings_say_where_what_and_what_next(self) -> None:
        """Each finding has a rule's id (``network/what``), a place, a problem and a remedy."""
        provider = self._provider()
        posts = [asks(post_of(TARGET, *TEXTS)) for asks in ASKING.values()]
        posts.append(post_of(TARGET, "x" * (_count_max(provider) + 1)))
        for found in [each for post in posts for each in provider.check(post, no_links)]:
            assert _RULE.fullmatch(found.rule), f"{found.rule!r} is no id of a rule"
            assert found.location.file, f"{found.rule} says no place"
            assert found.problem, f"{found.rule} says no problem"
            assert found.remedy, f"{found.rule} says no remedy"

    def test_what_was_published_is_found_again(self) -> None:
        """It is live once and in order, bound by its ids, and every way of reading it finds it."""
        bench = self._bench()
        rendered = _rendered(bench.provider, self._post())
        assert bench.publish(POST, rendered) == Applied()
        self._judge(bench, is_done=True)
        listed = bench.run(bench.provider.read_back(BEFORE, rendered)).posts
        parent = None
        for what, published in zip(rendered, bench.live(POST), strict=True):
            assert published.digest == what.digest, "a receipt has another digest than its segment"
            read = bench.run(bench.provider.observe(published.remote_id))
            assert read is not None, "observe does not find what was published"
            assert bench.provider.matches(what, parent, read), "matches does not know it again"
            assert bench.provider.unchanged(published, read), "unchanged says that it changed"
            assert published.remote_id in {each.remote_id for each in listed}, "read_back does not list it"
            for reference in filter(None, (f"id:{published.remote_id}", published.permalink)):
                found = bench.run(bench.provider.locate(reference))
                same = found is not None and found.remote_id == published.remote_id
                assert same, f"locate does not find {reference}"
            parent = published.remote_id
        wrong = rendered[1]
        assert not bench.provider.matches(wrong, None, listed[-1]), "matches takes one post for another"

    def test_no_visible_request_goes_out_without_its_intent(self) -> None:
        """Each is covered by an intent of the same flow, and everything that others see says so (law 1)."""
        bench = self._bench()
        bench.publish(POST, _rendered(bench.provider, self._post()))
        bench.delete(POST)
        assert not bench.problems, bench.problems[0]
        self._check_roles(bench)

    def test_a_life_may_end_at_every_effect(self) -> None:
        """Whatever is on record by then, the next lives go on from it, and each post is live once."""
        effects = range(self._bench().effects + 1, self._published().effects + 1)
        seconds = range(SECOND_LIFE_EFFECTS + 1)
        for effect, second, late, settles in product(effects, seconds, (False, True), (False, True)):
            bench = self._bench()
            publish = self._publishing(bench)
            bench.dies_at, bench.dies_late = effect, late
            with suppress(Died):
                publish()
            bench.dies_at = bench.effects + second
            with suppress(Died):
                publish()
            done = bench.again(POST, publish, settles=settles) if bench.is_open(POST) else Applied()
            ends = f"it died {'after' if late else 'before'} effect {effect}, and {second} effects later"
            assert isinstance(done, Applied), f"{ends}; it ends with {done}"
            self._judge(bench, is_done=True)

    def test_no_lost_answer_makes_a_second_post(self) -> None:
        """A request without an answer, or with an unreadable one, ends in adoption or in ``Uncertain``."""
        for bench, publish, settles in self._troubled(self._bench, self._publishing):
            publish()
            done = bench.again(POST, publish, settles=settles)
            assert not isinstance(done, Refused), f"in peace it is refused: {done}"
            self._judge(bench, is_done=isinstance(done, Applied))

    def test_a_delete_takes_down_what_is_bound_and_nothing_else(self) -> None:
        """Whatever dies or is lost, in the end all of it is gone, and other posts are there."""
        for bench, delete, settles in (
            *self._troubled(self._with_two, self._deleting),
            *self._dying(self._with_two, self._deleting),
        ):
            with suppress(Died):
                delete()
            done: Result = Applied()
            if bench.live(POST):
                done = bench.again(POST, delete, settles=settles)
            assert isinstance(done, Applied), f"in peace it cannot be deleted: {done}"
            texts = [each.text for each in bench.network.live()]
            assert texts == [OTHER], f"after a delete, live are: {texts}"
            assert not bench.problems, bench.problems[0]

    def test_every_refusal_is_classified(self) -> None:
        """Any answer from 400 on is a fault with words, also without a readable body; 5xx may pass."""
        provider = self._provider()
        assert provider.classify(Response(200, b"{}")) is None, "an answer that is well is an error"
        for status in STATUSES:
            for body in (b"", b"{}", b"[]", b"<html>", b'{"error": 7}'):
                fault = provider.classify(Response(status, body))
                assert isinstance(fault, Fault), f"{status} with {body!r} is no error"
                assert fault.problem, f"{status} with {body!r} says no problem"
                assert fault.remedy, f"{status} with {body!r} says no remedy"
                assert fault.row, f"{status} with {body!r} names no row"
                passing = fault.kind is FaultClass.TRANSIENT
                assert passing or status < 500, f"{status} may pass, and is {fault.kind}"

    def test_no_answer_is_too_odd(self) -> None:
        """What cannot be read is an error of the network's, and never one of the program's."""
        odd = [Response(200, body) for body in (b"", b"<html>", b"[]", b"null", b'{"data": 7}')]
        for answer in (*odd, Response(500, b"")):
            for name, flow in _reading(self._provider()):
                try:
                    Bench(self._provider(), _Odd(answer)).run(flow)
                except (ApiError, Unanswered, UsageError):
                    pass  # said as it should be
                except Exception as error:
                    raise AssertionError(f"{name} fails at {answer.body!r}: {error!r}") from error

    def test_no_secret_goes_on_record(self) -> None:
        """What an answer holds of secrets is in no note, no result and no error (law 12)."""
        bench = self._bench()
        results = [bench.publish(POST, _rendered(bench.provider, self._post()))]
        results.append(bench.delete(POST))
        account = bench.run(bench.provider.identify())
        for said in (*bench.notes, *results, account):
            assert CANARY not in repr(said), f"a secret is in {said!r}"

    # What the tests are made of.

    def _provider(self) -> Provider:
        context = ProviderContext(
            TARGET, self.settings, loopback=True, account=self.account, project="contract"
        )
        return type(self).provider(context)

    def _bench(self) -> Bench:
        bench = Bench(self._provider(), type(self).network())
        bench.log_in()
        return bench

    def _post(self) -> Publication:
        """Return the chain that is published: with a picture where the network has them."""
        post = post_of(TARGET, *TEXTS)
        return ASKING["image"](post) if self.pictures else post

    def _published(self) -> Bench:
        bench = self._bench()
        self._publishing(bench)()
        return bench

    def _with_two(self) -> Bench:
        bench = self._published()
        bench.publish(STAYS, _rendered(bench.provider, post_of(TARGET, OTHER, key="stays")))
        return bench

    def _publishing(self, bench: Bench) -> Callable[[], Result]:
        rendered = _rendered(bench.provider, self._post())
        return lambda: bench.publish(POST, rendered)

    def _deleting(self, bench: Bench) -> Callable[[], Result]:
        return lambda: bench.delete(POST)

    def _troubled(
        self, begun: Callable[[], Bench], make: Callable[[Bench], Callable[[], Result]]
    ) -> Iterator[tuple[Bench, Callable[[], Result], bool]]:
        """Yield a verb for every request of it and every trouble there, once and from there on."""
        calm = begun()
        first = len(calm.requests)
        make(calm)()
        for number in range(first, len(calm.requests)):
            for trouble in Trouble:
                for last in (number, number + MANY):
                    for settles in (False, True):
                        bench = begun()
                        bench.troubles = dict.fromkeys(range(number, last + 1), trouble)
                        yield bench, make(bench), settles

    def _dying(
        self, begun: Callable[[], Bench], make: Callable[[Bench], Callable[[], Result]]
    ) -> Iterator[tuple[Bench, Callable[[], Result], bool]]:
        """Yield a verb for every effect of it that a process may not survive."""
        calm = begun()
        first = calm.effects
        make(calm)()
        for effect in range(first + 1, calm.effects + 1):
            for late in (False, True):
                for settles in (False, True):
                    bench = begun()
                    bench.dies_at, bench.dies_late = effect, late
                    yield bench, make(bench), settles

    def _judge(self, bench: Bench, *, is_done: bool) -> None:
        """Ask the network what is live, and compare it with what is on record."""
        live = bench.network.live()
        twice = [text for text, times in Counter(each.text for each in live).items() if times > 1]
        assert not twice, f"published twice: {twice[0]!r}"
        assert not bench.problems, bench.problems[0]
        if not is_done:
            return
        assert [each.text for each in live] == list(TEXTS), f"live is {[each.text for each in live]}"
        parents = [None, *(each.remote_id for each in live)]
        assert [each.parent for each in live] == parents[:-1], "a segment is not under the one before it"
        bound = [str(each.remote_id) for each in bench.live(POST)]
        assert bound == [each.remote_id for each in live], f"bound is {bound}"

    def _check_roles(self, bench: Bench) -> None:
        sessions = bench.provider.sessions
        known = {each.role for each in bench.provider.about.roles} | {CODE}
        known |= sessions.roles if sessions is not None else frozenset()
        for request in bench.requests:
            named = {each.role for each in request.params.values() if isinstance(each, Secret)}
            if isinstance(request.auth, str):
                named.add(request.auth)
            assert named <= known, f"{request.method} {request.path} names roles that nobody declares"


class _Odd:
    """A network that answers everything in one way."""

    def __init__(self, response: Response) -> None:
        self._response = response

    def answer(self, request: Request, now: object) -> Response:
        return self._response

    def live(self) -> Sequence[LivePost]:
        return ()


TARGET = TargetName("contract/main")
POST = Address(PostKey("contract"), TARGET)
STAYS = Address(PostKey("stays"), TARGET)
BEFORE = START - timedelta(minutes=10)
"""Since when own posts are read back, as ``apply`` does (law 8)."""
SECOND_LIFE_EFFECTS = 7
"""Within how many effects a second life ends."""
MANY = 1000
"""How many requests a trouble that does not pass strikes."""


def _rendered(provider: Provider, post: Publication) -> list[Rendered]:
    shown = (provider.render(post, each, index, no_links) for index, each in enumerate(post.segments))
    return [each.rendered for each in shown]


def _errors(provider: Provider, post: Publication) -> list[str]:
    return [each.rule for each in provider.check(post, no_links) if each.is_error]


def _count_max(provider: Provider) -> int:
    post = post_of(TARGET, "x")
    return provider.render(post, post.segments[0], 0, no_links).count_max


def _reading(provider: Provider) -> Iterator[tuple[str, Flow[object]]]:
    """Yield every flow that reads."""
    known = RemoteId("1")
    yield "identify", provider.identify()
    yield "quotas", provider.quotas()
    yield "read_back", provider.read_back(BEFORE)
    yield "observe", provider.observe(known)
    yield "engagement", provider.engagement(known)
    yield "locate", provider.locate("id:1")
    yield "examine", provider.examine(MAIN)
    if provider.sessions is not None:
        yield "sessions.open", provider.sessions.open()
