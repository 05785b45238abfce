"""How the command line spells faults, delays and switches."""

from __future__ import annotations

import pytest

from threadsync.sandbox.settings import (
    DEFAULT_PROFILES,
    SandboxSettings,
    parse_fault,
    with_delays,
    with_switches,
)
from threadsync.sandbox.threads import Fault, FaultKind, Switches, TextCount


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("publish:answer-lost", Fault("publish", FaultKind.ANSWER_LOST)),
        ("publish#3:server-error:2", Fault("publish", FaultKind.SERVER_ERROR, times=2, skip=2)),
        ("list:slow:always:2.5", Fault("list", FaultKind.SLOW, times=None, seconds=2.5)),
        (
            "any:request-lost:10%",
            Fault("any", FaultKind.REQUEST_LOST, times=None, probability=0.1),
        ),
        ("delete:late-listing::30", Fault("delete", FaultKind.LATE_LISTING, seconds=30)),
    ],
)
def test_a_fault_is_operation_kind_times_seconds(text, fault):
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("publish", "a fault is OPERATION"),
        ("publish:answer-lost:1:2:3", "a fault is OPERATION"),
        ("publish:lost", "there are: acts-late, answer-cut, answer-lost"),
        ("fly:answer-lost", "no operation 'fly'; there are: any, app-token, authorize, conversation"),
        ("publish#0:answer-lost", "from 1 on"),
        ("publish:answer-lost:often", "TIMES is a number"),
        ("publish:slow", "slow needs seconds"),
        ("publish:slow:1:soon", "publish:slow:1:soon"),
        ("me:answer-lost", "no operation 'me'"),
    ],
)
def test_a_wrong_fault_is_told_what_there_is(text, says):
    with pytest.raises(ValueError, match=says):
        parse_fault(text)


def test_delays_by_kind():
    switches = with_delays(["image=2.0", "carousel=0"])
    assert (switches.image_delay_seconds, switches.carousel_delay_seconds) == (2.0, 0.0)
    assert switches.text_delay_seconds == Switches().text_delay_seconds


@pytest.mark.parametrize("bad", ["image", "image=soon", "sound=1", "image=-1", "image=inf"])
def test_wrong_delays(bad):
    with pytest.raises(ValueError, match=r"delay|seconds"):
        with_delays([bad])


def test_switches_by_name():
    switches = with_switches(["clock_skew_seconds=300", "text_count=bytes", "webp_accepted=true"])
    assert switches.clock_skew_seconds == 300
    assert switches.text_count is TextCount.BYTES
    assert switches.webp_accepted is True


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("clock_skew_seconds", "NAME=VALUE"),
        ("gravity=1", "no switch 'gravity'; there are: advanced_access"),
        ("posts_quota=many", "'many' is no value"),
        ("posts_quota=1.5", "is no value"),
        ("webp_accepted=1", "is no value"),
        ("text_count=words", "words"),
    ],
)
def test_wrong_switches(bad, says):
    with pytest.raises(ValueError, match=says):
        with_switches([bad])


def test_the_default_profiles_and_their_tokens():
    assert SandboxSettings().profiles == DEFAULT_PROFILES
    assert [profile.secret for profile in DEFAULT_PROFILES] == ["sandbox-lift_report", "sandbox-harbour_desk"]
