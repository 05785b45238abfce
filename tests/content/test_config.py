"""The project file: found upwards, checked whole, and never a place where a secret is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.content.support import SAMPLE_PROJECT, write
from threadsync.config import load_project
from threadsync.content.project import PROJECT_FILE, Project
from threadsync.errors import ProjectError
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.ids import MAIN, NetworkName, Role, TargetName
from threadsync.model.target import MediaHost, Policies, Safety, Target
from threadsync.model.urls import is_loopback

HEAD = "version: 1\nid: demo\n"
WHOLE = """\
version: 1
id: demo
posts: content/posts
state: var/state.json
database: env:LOG_DATABASE
zone: Europe/Vienna
targets:
  threads/main:
    account: ana
    credential: env:THREADS_TOKEN
    credentials: {app_secret: keyring:app}
    since: 2026-11-01 09:00
    media_host: site
    text_count: codepoints
    bounds: {poll_total_seconds: 600}
  mattermost/news:
    provider: chat
    base_url: http://127.0.0.1:8065
    channel: town-square
    bounds: {publish_doubt_seconds: 1}
media_hosts:
  site: {kind: url_prefix, url: https://example.org/m/, root: content}
  local: {kind: loopback}
defaults:
  publish: required
  langs: [en]
policies: {on_remove: delete, on_change: keep, if_late: skip}
safety: {creates_max: 20, replaces_max: 0}
"""


def project(root: Path, text: str) -> Project:
    return load_project(write(root, {PROJECT_FILE: text}), exact=True)


def faults(root: Path, text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(ProjectError) as caught:
        project(root, text)
    assert caught.value.findings
    assert str(root) in caught.value.problem
    assert caught.value.remedy
    return caught.value.findings


def test_every_key_of_the_format_arrives(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    at = {
        name: Location(PROJECT_FILE, line, 3)
        for name, line in {"threads": 8, "mattermost": 16, "site": 22}.items()
    }
    assert project(tmp_path, WHOLE) == Project(
        root,
        "demo",
        root / "content/posts",
        root / "var/state.json",
        "Europe/Vienna",
        {
            TargetName("threads/main"): Target(
                TargetName("threads/main"),
                NetworkName("threads"),
                "ana",
                {MAIN: "env:THREADS_TOKEN", Role("app_secret"): "keyring:app"},
                since=datetime(2026, 11, 1, 8, tzinfo=UTC),
                media_host="site",
                bounds={"poll_total_seconds": 600},
                settings={"text_count": "codepoints"},
                location=at["threads"],
            ),
            TargetName("mattermost/news"): Target(
                TargetName("mattermost/news"),
                NetworkName("chat"),
                base_url="http://127.0.0.1:8065",
                bounds={"publish_doubt_seconds": 1},
                settings={"channel": "town-square"},
                location=at["mattermost"],
            ),
        },
        {
            "site": MediaHost("site", "url_prefix", "https://example.org/m/", "content", at["site"]),
            "local": MediaHost("local", "loopback", location=Location(PROJECT_FILE, 23, 3)),
        },
        {"langs": ["en"]},
        {"langs": Location(PROJECT_FILE, 26, 3)},
        Policies("delete", "keep", "skip"),
        Safety(20, 0, 3),
        publish_required=True,
        location=Location(PROJECT_FILE),
        database="env:LOG_DATABASE",
    )


@pytest.mark.parametrize(
    "said", ["postgresql://me:CANARY@host/name", "'postgresql://me:CANARY@host/name", "[CANARY"]
)
def test_the_address_of_a_database_stands_elsewhere_and_is_not_shown(tmp_path: Path, said: str) -> None:
    """Whether it is one, or breaks the file: it may be the password."""
    found = faults(tmp_path, f"{HEAD}database: {said}\ntargets: {{threads/main: {{}}}}\n")
    assert found
    assert "CANARY" not in str(found)


HOSTS = """\
targets:
  threads/main: {media_host: bucket}
  threads/sandbox: {media_host: local, base_url: 'http://127.0.0.1:8471'}
media_hosts:
  bucket:
    kind: s3
    bucket: media
    region: auto
    endpoint: https://0123.r2.cloudflarestorage.com
    url: https://media.example
    prefix: social/
    credentials: {access_key: env:A, secret_key: keyring:S, names: file:secrets/names, session_token: env:T}
  blobs: {kind: azure, account: ours, container: media, credentials: {account_key: env:K, names: env:N}}
  own: {kind: command, command: './upload.sh --to "our site" {file}'}
  local: {kind: loopback}
"""


def test_every_kind_of_media_host_arrives(tmp_path: Path) -> None:
    found = project(tmp_path, HEAD + HOSTS).media_hosts
    assert (found["bucket"].kind, found["bucket"].url) == ("s3", "https://media.example")
    assert found["bucket"].settings == {
        "bucket": "media",
        "region": "auto",
        "endpoint": "https://0123.r2.cloudflarestorage.com",
        "prefix": "social/",
    }
    assert found["bucket"].credentials["names"] == "file:secrets/names"
    assert found["blobs"].settings == {"account": "ours", "container": "media"}
    assert found["own"].settings == {"command": './upload.sh --to "our site" {file}'}
    assert [host.takes_files for host in found.values()] == [True] * 4
    assert [host.has_address for host in found.values()] == [True, True, False, False]


S3 = "kind: s3, bucket: b, region: r"
KEYS = "credentials: {access_key: env:A, secret_key: env:B, names: env:C}"


@pytest.mark.parametrize(
    ("host", "rule", "said"),
    [
        ("kind: s3, region: r, " + KEYS, "project/media-host", "of kind s3 has no bucket"),
        ("kind: s3, bucket: b, " + KEYS, "project/media-host", "has no region"),
        (
            S3 + ", credentials: {access_key: env:A, secret_key: env:B}",
            "project/media-host",
            "names no names",
        ),
        (f"{S3}, {KEYS}, endpoint: 'https://s3.example'", "project/media-host", "has no url"),
        (
            f"{S3}, {KEYS}, endpoint: 'http://s3.example', url: 'https://e'",
            "project/plain-http",
            "the endpoint of a",
        ),
        (f"{S3}, {KEYS}, endpoint: 'http://[::1', url: 'https://e'", "schema/form", "is no address"),
        (f"{S3}, {KEYS}, container: c", "project/media-host", "has no key container"),
        (f"{S3}, {KEYS}, root: posts", "project/media-host", "has no key root"),
        (
            "kind: azure, account: a, container: c, credentials: {account_key: env:K, names: env:N, "
            "access_key: env:A}",
            "project/media-host",
            "has no credential access_key",
        ),
        (f"{S3}, {KEYS}, prefix: a/../b", "schema/form", ""),
        (f"{S3}, {KEYS}, prefix: a//b", "schema/form", ""),
        ("kind: command", "project/media-host", "has no command"),
        ("kind: command, command: './upload.sh'", "schema/form", ""),
        ('kind: command, command: "./it\'s {file}"', "project/media-host", "cannot be read"),
        ("kind: ftp", "schema/value", ""),
    ],
)
def test_what_a_media_host_lacks_or_cannot_mean(host: str, rule: str, said: str, tmp_path: Path) -> None:
    text = f"{HEAD}targets: {{threads/main: {{}}}}\nmedia_hosts:\n  a: {{{host}}}\n"
    (found,) = faults(tmp_path, text)
    assert found.rule == rule
    assert said in found.problem
    assert found.remedy


def test_a_real_network_cannot_fetch_from_this_machine(tmp_path: Path) -> None:
    text = (
        f"{HEAD}targets: {{threads/main: {{media_host: here}}}}\nmedia_hosts: {{here: {{kind: loopback}}}}\n"
    )
    (found,) = faults(tmp_path, text)
    assert (found.rule, found.problem) == (
        "project/media-host",
        "here serves media to this machine alone, and threads/main is not on it.",
    )


def test_a_store_of_this_machine_may_do_without_tls(tmp_path: Path) -> None:
    text = f"targets: {{threads/main: {{}}}}\nmedia_hosts: {{a: {{{S3}, {KEYS}, url: 'https://e', "
    found = project(tmp_path, f"{HEAD}{text}endpoint: 'http://127.0.0.1:9000'}}}}\n")
    assert found.media_hosts["a"].settings["endpoint"] == "http://127.0.0.1:9000"


def test_a_key_written_where_its_place_belongs_is_not_shown(tmp_path: Path) -> None:
    keys = f"{{access_key: env:A, secret_key: {CANARY}, names: env:C}}"
    text = f"{HEAD}targets: {{threads/main: {{}}}}\nmedia_hosts: {{a: {{{S3}, credentials: {keys}}}}}\n"
    assert not any(CANARY in f"{each.problem} {each.remedy}" for each in faults(tmp_path, text))


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    found = project(tmp_path, HEAD + "targets: {threads/main: {}}\n")
    assert found.posts == tmp_path.resolve() / "posts"
    assert found.state == tmp_path.resolve() / "state" / "threadsync.json"
    assert (found.zone, found.policies, found.safety) == (None, Policies(), Safety())
    assert (found.defaults, found.media_hosts, found.publish_required) == ({}, {}, False)
    target = found.targets[TargetName("threads/main")]
    assert (target.provider, target.account, target.credentials) == ("threads", None, {})


def test_the_project_is_looked_for_upwards_unless_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, {})
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert load_project(below).root == tmp_path.resolve()
    assert load_project(tmp_path, exact=True).root == tmp_path.resolve()
    with pytest.raises(ProjectError) as caught:
        load_project(below, exact=True)
    assert PROJECT_FILE in caught.value.problem
    assert "--project" in caught.value.remedy


def test_a_folder_that_is_none_is_told_as_what_it_is(tmp_path: Path) -> None:
    write(tmp_path, {})
    for name, problem in (("nowhere", "does not exist"), (PROJECT_FILE, "is a file, not a folder")):
        with pytest.raises(ProjectError, match=problem) as caught:
            load_project(tmp_path / name, exact=True)
        assert "--project" in caught.value.remedy


def test_a_folder_of_the_project_files_name_is_no_post(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).mkdir()
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path)
    (found,) = caught.value.findings
    assert found.rule == "file/not-a-file"
    assert ".md" not in found.remedy


def test_no_project_at_all_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path)
    assert str(tmp_path.resolve()) in str(caught.value)
    assert "nor has a folder above it" in caught.value.problem
    assert caught.value.findings == ()


def test_a_project_file_that_cannot_be_read_is_told_where_it_is(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).mkdir()
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path)
    assert [each.rule for each in caught.value.findings] == ["file/not-a-file"]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = """\
version: 1
id: demo
posts: ../posts
state: /var/state.json
zone: Europe/Wien
targets:
  threads/main:
    account: ana
    media_host: cdn
    since: 2026-02-30
    bounds: {listing_lag_seconds: 1}
  threads/second: {account: ANA, credential: env:A, credentials: {main: env:B}}
media_hosts: {site: {kind: url_prefix}}
"""
    found = [(each.location.line, each.rule) for each in faults(tmp_path, text)]
    assert found == [
        (3, "project/outside"),
        (4, "project/outside"),
        (5, "time/zone"),
        (9, "project/media-host"),
        (10, "time/form"),
        (11, "project/safety-bound"),
        (12, "project/account-twice"),
        (12, "project/credential-twice"),
        (13, "project/media-host"),
    ]


@pytest.mark.parametrize(
    ("text", "rule", "remedy"),
    [
        ("version: 2\nid: x\ntargets: {threads/main: {}}", "schema/value", "1"),
        ("id: x\ntargets: {threads/main: {}}", "schema/missing-key", "version"),
        (HEAD, "schema/missing-key", "targets"),
        (HEAD + "targets: {}", "schema/size", ""),
        (HEAD + "targets: {main: {}}", "schema/name", "threads/main"),
        (HEAD + "targets: {threads/main: {acount: x}}", "schema/unknown-key", "account"),
        (HEAD + "targets: {threads/main: {}}\nzoen: UTC", "schema/unknown-key", "zone"),
        (HEAD + "targets: {threads/main: {bounds: {rebuilds: 1}}}", "schema/unknown-key", "rebuilds_max"),
        (HEAD + "targets: {threads/main: {bounds: {poll_growth: 0.5}}}", "schema/value", ""),
        (HEAD + "targets: {threads/main: {}}\nsafety: {creates_max: -1}", "schema/value", ""),
        (
            HEAD + "targets: {threads/main: {}}\ndefaults: {publish: 2026-12-03 08:30}",
            "schema/value",
            "required",
        ),
        (HEAD + "targets: {threads/main: {}}\ndefaults: {text: x}", "schema/unknown-key", ""),
        (HEAD + "targets: {threads/main: {}}\nnotify: ./tell", "schema/type", "notify: {command: …}"),
        (
            HEAD + "targets: {threads/main: {}}\nnotify: {target: threads/main, command: ./tell}",
            "schema/size",
            "notify: [{target: …}, {command: …}]",
        ),
        (
            HEAD + "targets: {threads/main: {}}\nnotify: [{target: threads/main, command: ./tell}]",
            "schema/size",
            "an entry of its own",
        ),
        (
            HEAD + "targets: {threads/main: {}}\nsafety: {apply_from: main}",
            "schema/type",
            "apply_from: {branch: …}. Other keys: remote, clean.",
        ),
        (HEAD + "targets: {threads/main: {media_host: x}}", "project/media-host", ""),
        (
            HEAD + "targets: {threads/main: {media_host: sit}}\nmedia_hosts: {site: {kind: loopback}}",
            "project/media-host",
            "site",
        ),
        (
            HEAD + "targets: {threads/main: {}}\nmedia_hosts: {a: {kind: loopback, url: 'http://x'}}",
            "project/media-host",
            "",
        ),
        (
            HEAD + "targets: {threads/main: {}}\n"
            "media_hosts: {a: {kind: url_prefix, url: 'http://x', root: ../y}}",
            "project/outside",
            "",
        ),
        (HEAD + "targets: {threads/main: {since: 2026-11-01}}", "time/zone-missing", "zone"),
        ("[]", "schema/type", ""),
        ("", "file/empty", "schema project"),
        (HEAD + "targets: {threads/main: {base_url: 'http://127.0.0.1:84711'}}", "schema/form", "http://"),
        (HEAD + "targets: {threads/main: {base_url: 'http://[::1'}}", "schema/form", "http://"),
        (HEAD + "targets: {bluesky/main: {video_url: 'http://a.org'}}", "project/plain-http", "https"),
        (HEAD + "targets: {bluesky/main: {video: both}}", "schema/value", "service"),
    ],
)
def test_a_fault_has_its_rule_and_a_way_out(text: str, rule: str, remedy: str, tmp_path: Path) -> None:
    (found,) = faults(tmp_path, text + "\n" if text else "")
    assert found.rule == rule
    assert remedy in found.remedy
    assert found.location.file == PROJECT_FILE


def test_a_link_out_of_the_project_is_no_posts_folder(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (root / "posts").symlink_to(outside)
    assert [each.rule for each in faults(root, HEAD + "targets: {threads/main: {}}\n")] == ["project/outside"]


def test_a_project_file_that_is_a_link_out_of_the_project_is_not_read(tmp_path: Path) -> None:
    """Findings tell the words of a file: a pull request could have those of any file of a runner told."""
    outside, root = tmp_path / "machine x login y password z", tmp_path / "root"
    outside.write_text("password: hunter2\n")
    root.mkdir()
    (root / PROJECT_FILE).symlink_to(outside)
    with pytest.raises(ProjectError) as caught:
        load_project(root)
    assert [each.rule for each in caught.value.findings] == ["file/outside-project"]
    assert "password" not in str(caught.value.findings)


CANARY = "THAAcanary0123456789"


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        f'"{CANARY}"',
        f"env:{CANARY} x",
        f"token:{CANARY}",
        f"{{main: {CANARY}}}",
        f"[{CANARY}]",
        f"@{CANARY}",
        f"!{CANARY} x",
        f"*{CANARY}",
        f"&{CANARY} x",
        f"a: {CANARY}: b",
        f'"{CANARY}" x',
        f"#{CANARY}",
        f"x #{CANARY}",
        f"{{{{ {CANARY} }}}}",
        f"{{a: {CANARY}, {CANARY}}}",
        f"[#{CANARY}]",
        f"{'9' * 40}{CANARY}: {CANARY}",
    ],
)
@pytest.mark.parametrize(
    "place",
    ["    credential: {}", "    credentials:\n      main: {}", "    credentials: {{main: {}}}"],
    ids=["one", "block", "braces"],
)
def test_a_secret_in_the_project_file_is_refused_and_never_shown(
    value: str, place: str, tmp_path: Path
) -> None:
    text = HEAD + f"targets:\n  threads/main:\n{place.format(value)}\n"
    with pytest.raises(ProjectError) as caught:
        project(tmp_path, text)
    said = f"{caught.value}{caught.value!r}{caught.value.findings}"
    assert CANARY not in said
    assert caught.value.findings


@pytest.mark.parametrize(
    "where", ["env:A_1", "file:secrets/token", "file:/run/secret", "keyring:threads main"]
)
def test_a_credential_is_named_by_where_it_is(where: str, tmp_path: Path) -> None:
    found = project(tmp_path, HEAD + f"targets: {{threads/main: {{credential: '{where}'}}}}\n")
    assert found.targets[TargetName("threads/main")].credentials == {MAIN: where}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("account: ana", "account: '@Ana'", True),
        ("account: ana", "account: bea", False),
        ("account: ana, channel: a", "account: ana, channel: b", False),
        ("account: ana, channel: a", "account: ana, channel: a", True),
        ("account: ana", "account: ana, base_url: 'http://127.0.0.1:1'", False),
        ("credential: env:A", "credential: env:A", False),
    ],
)
def test_two_targets_are_one_account_unless_their_channels_differ(
    one: str, other: str, same: bool, tmp_path: Path
) -> None:
    text = HEAD + f"targets:\n  threads/a: {{{one}}}\n  threads/b: {{{other}}}\n"
    if same:
        assert [each.rule for each in faults(tmp_path, text)] == ["project/account-twice"]
    else:
        assert len(project(tmp_path, text).targets) == 2


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://127.0.0.1:8765/threads", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80", True),
        ("http://localhost:1", True),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1@example.org", False),
        ("https://graph.threads.net", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("http://[::1", False),
        (None, False),
    ],
)
def test_only_an_address_on_this_machine_is_loopback(address: str | None, here: bool) -> None:
    assert is_loopback(address) is here


@pytest.mark.parametrize(
    ("keys", "fine"),
    [
        ("bounds: {publish_doubt_seconds: 299}", False),
        ("bounds: {listing_lag_seconds: 1}", False),
        ("bounds: {publish_doubt_seconds: 300, listing_lag_seconds: 16}", True),
        ("bounds: {poll_total_seconds: 1}", True),
        ("bounds: {publish_doubt_seconds: 1}, base_url: 'http://127.0.0.1:1'", True),
        ("bounds: {publish_doubt_seconds: 1}, base_url: 'https://example.org'", False),
    ],
)
def test_a_safety_bound_is_lowered_only_on_this_machine(keys: str, fine: bool, tmp_path: Path) -> None:
    text = HEAD + f"targets: {{threads/main: {{{keys}}}}}\n"
    if fine:
        assert project(tmp_path, text).id == "demo"
    else:
        assert [each.rule for each in faults(tmp_path, text)] == ["project/safety-bound"]


def test_the_sample_of_the_rules_is_a_project(tmp_path: Path) -> None:
    assert list(project(tmp_path, SAMPLE_PROJECT).targets) == ["threads/main", "bluesky/brand"]


@pytest.mark.parametrize(
    ("target", "line", "column"),
    [("  thread/main: {}\n", 4, 3), ("  threads/main:\n    account: ana\n    provider: thread\n", 6, 15)],
    ids=["by its name", "by provider:"],
)
def test_an_unknown_provider_is_told_at_its_place_with_a_suggestion(
    tmp_path: Path, target: str, line: int, column: int
) -> None:
    folder = write(tmp_path, {PROJECT_FILE: f"{HEAD}targets:\n{target}  threads/two: {{media_host: site}}\n"})
    with pytest.raises(ProjectError) as caught:
        load_project(folder, exact=True, providers={"threads"})
    first, second = caught.value.findings
    assert first == Diagnostic(
        Location(PROJECT_FILE, line, column),
        "project/unknown-provider",
        "there is no provider thread.",
        "Did you mean threads? This threadsync has: threads.",
    )
    assert second.location.line == line + 1, "with all the other faults"


def test_a_project_knows_where_all_its_credentials_are(tmp_path: Path) -> None:
    """What is run for it gets none of them (``notify:``), wherever they are named."""
    (tmp_path / "threadsync.yaml").write_text(
        """\
version: 1
id: p
targets: {threads/a: {credential: env:A, credentials: {app_secret: env:B}}}
media_hosts:
  bucket:
    kind: s3
    bucket: b
    region: auto
    credentials: {access_key: env:C, secret_key: env:D, names: env:E}
state: {bucket: s3://state, region: auto, credentials: {access_key: env:F, secret_key: env:G}}
database: env:H
"""
    )
    assert sorted(load_project(tmp_path, exact=True).credentials) == [f"env:{name}" for name in "ABCDEFGH"]
