"""The rules for keys, posts, texts, media, times, references and the project file."""

from __future__ import annotations

from threadsync.content.rule import GOOD, SAMPLE_PROJECT, Rule, post, project, target

_BRAND = "---\ntargets: [bluesky/brand]\n---\nHello.\n"

SCHEMA_RULES = (
    Rule(
        "schema/unknown-key",
        "A key is not part of the format.",
        "See docs/reference/post.md and docs/reference/project.md for the keys.",
        post("publsh: 2026-12-03 08:30"),
        post("publish: 2026-12-03 08:30"),
    ),
    Rule(
        "schema/type",
        "A value is not of the kind its key takes: text, a number, true or false, a list, a mapping.",
        "Write a value of that kind.",
        post("tags: transit"),
        post("tags: [transit]"),
    ),
    Rule(
        "schema/missing-key",
        "A mapping lacks a key that it needs.",
        "Add the key.",
        post("poll: {}"),
        post("poll: {options: [Yes, No]}"),
    ),
    Rule(
        "schema/value",
        "A value is none of those its key knows, or out of its range.",
        "Write one that is.",
        post("who_can_reply: folowers"),
        post("who_can_reply: followers"),
    ),
    Rule(
        "schema/form",
        "A text has not the form its key takes.",
        "Write it in that form.",
        post("publish: tomorrow"),
        post("publish: 2026-12-03T08:30:00Z"),
    ),
    Rule(
        "schema/name",
        "A name has not the form that names have here.",
        "Correct the name.",
        post("overrides: {'threads main': {text: Short}}"),
        post("overrides: {threads/main: {text: Short}}"),
    ),
    Rule(
        "schema/size",
        "A text or a list is empty, too short or too long.",
        "Shorten or lengthen it.",
        post("poll: {options: [Yes]}"),
        post("poll: {options: [Yes, No]}"),
    ),
    Rule(
        "schema/twice",
        "A list has the same entry twice.",
        "Take one of them out.",
        post("tags: [transit, transit]"),
        post("tags: [transit]"),
    ),
    Rule(
        "schema/secret",
        "A credential is not named by where it is. What stands there is not shown: it may be the secret.",
        "Write env:NAME, file:PATH or keyring:NAME, and put the secret there. Renew one that was committed.",
        target("credential: THAAabc123"),
        target("credential: env:THREADS_TOKEN"),
    ),
)

POST_RULES = (
    Rule(
        "post/front-matter",
        "The front matter is never closed.",
        "Write --- under it, alone on a line.",
        "---\ntargets: [threads/main]\nHello.\n",
    ),
    Rule(
        "post/key",
        "A key has letters, digits, dots, slashes, hyphens and underscores, and at most 128 characters.",
        "Rename the file, or give the post a key: of its own.",
        {"posts/two words.md": GOOD},
        {"posts/two words.md": post("key: two-words")},
    ),
    Rule(
        "post/key-twice",
        "Two posts have the same key.",
        "Give one of them another key; keep the one that is published.",
        {"posts/launch.md": GOOD, "posts/launch/index.md": GOOD},
        {"posts/launch.md": GOOD, "posts/relaunch/index.md": GOOD},
    ),
    Rule(
        "post/no-targets",
        "The post says nowhere where it goes.",
        "Add targets:, or give them to all posts under defaults: in threadsync.yaml.",
        "Hello.\n",
    ),
    Rule(
        "post/unknown-target",
        "A target is not one of the project's.",
        "Correct the name.",
        "---\ntargets: [threads/mian]\n---\nHello.\n",
    ),
    Rule(
        "post/override-target",
        "An override is for a target or network that the post does not go to.",
        "Correct the name, or add the target to targets:.",
        post("overrides: {bluesky: {text: Short}}"),
        post("overrides: {threads: {text: Short}}"),
    ),
    Rule(
        "post/text-twice",
        "The words of the post stand in two places.",
        "Keep one of them.",
        post("text: Hi."),
        {"posts/post.yaml": "targets: [threads/main]\ntext: Hi.\n"},
    ),
    Rule(
        "post/empty",
        "There is nothing to publish: no text, no media, no link, poll, quote or repost.",
        "Write something.",
        post("", ""),
    ),
    Rule(
        "post/publish-required",
        "The project asks every post for its time (defaults: {publish: required}).",
        "Add publish: with the time, or draft: true.",
        {"threadsync.yaml": SAMPLE_PROJECT + "defaults: {publish: required}\n", "posts/post.md": GOOD},
        {
            "threadsync.yaml": SAMPLE_PROJECT + "defaults: {publish: required}\n",
            "posts/post.md": post("publish: 2026-12-03 08:30"),
        },
    ),
)

TEXT_RULES = (
    Rule(
        "text/separator",
        "--- parts segments only between empty lines, and never inside an entry of segments:.",
        r"Leave a line empty above and below it, or write \--- if it is meant as text.",
        post("", "One.\n---\nTwo."),
        post("", "One.\n\n---\n\nTwo."),
    ),
    Rule(
        "text/empty-segment",
        "One of several segments has nothing in it.",
        "Write something, or take a --- out.",
        post("", "One.\n\n---\n\n---\n\nTwo."),
        post("", "One.\n\n---\n\nTwo."),
    ),
    Rule(
        "text/fence",
        "A code block is never closed.",
        "Close it with the same line of backticks or tildes.",
        post("", "```\ncode"),
        post("", "```\ncode\n```"),
    ),
    Rule(
        "text/options",
        "A segment's block of options (`yaml segment`) is not a mapping, has a text:, or is the second one.",
        "Keep one block, with keys like media:, link:, poll: or threads:.",
        post("", "One.\n\n```yaml segment\ntext: no\n```"),
        post("", "One.\n\n```yaml segment\nlink: https://example.org\n```"),
    ),
    Rule(
        "text/picture",
        "A picture stands inside text, or has a title.",
        "Give it a line of its own: ![what it shows](file).",
        post("", "See ![a map](map.png) here."),
        post("", r"See \![a map](map.png) here."),
    ),
    Rule(
        "text/template",
        "{{ … }} is something else than {{ links['TARGET'] }} or {{ links['KEY@TARGET'] }}, or such a link "
        "stands in an alternative text, a poll or a network's options.",
        r"Write \{{ if it is meant as text.",
        post("", "Hello {{ name }}."),
        post("", r"Hello \{{ name }}."),
    ),
)

MEDIA_RULES = (
    Rule(
        "media/missing",
        "A media file is not there.",
        "Correct the path: it is relative to the post file, or to the project if it starts with /.",
        post("media: [map.png]"),
        {"posts/post.md": post("media: [map.png]"), "posts/map.png": "picture"},
    ),
    Rule(
        "media/address",
        "Media are files of the project, not addresses.",
        "Put the file into the project and name it by its path.",
        post("media: ['https://example.org/map.png']"),
        post("link: https://example.org/map.png"),
    ),
    Rule(
        "media/outside-project",
        "A path or a link leaves the project.",
        "Copy the file into the project.",
        post("media: [../../map.png]"),
        {"posts/post.md": post("media: [../map.png]"), "map.png": "picture"},
    ),
    Rule(
        "media/name",
        "A media file's name holds characters that cannot be shown.",
        "Rename the file.",
        post('media: ["a\\u202eb.png"]'),
    ),
    Rule(
        "media/not-a-file",
        "A folder, a pipe or a device is named as media.",
        "Name a file.",
        {"posts/post.md": post("media: [maps]"), "posts/maps/map.png": "picture"},
    ),
    Rule(
        "media/unusable",
        "A media file cannot be read, or is not what it should be.",
        "Replace the file.",
        {
            "posts/post.md": post("media: [map.png]"),
            "posts/map.png": "version https://git-lfs.github.com/spec/v1\n",
        },
    ),
    Rule(
        "media/video-extra",
        "A post has a video, and PyAV, which reads videos, is not installed.",
        "Run pip install 'threadsync[video]' and try again.",
        {"posts/post.md": post("media: [clip.mp4]"), "posts/clip.mp4": "a video"},
    ),
)

TIME_RULES = (
    Rule(
        "time/form",
        "A time has no form we know, or no day in the calendar.",
        "Write it like 2026-12-03 08:30.",
        post("publish: 2026-02-30 08:30"),
        post("publish: 2026-02-28 08:30"),
    ),
    Rule(
        "time/gap",
        "The clock is put forward over this time, so that it never comes.",
        "Write another time.",
        post("publish: 2027-03-28 02:30"),
        post("publish: 2027-03-28 03:30"),
    ),
    Rule(
        "time/window",
        "A window is longer than nothing and at most a year.",
        "Write minutes, hours or days, like 90m, 1h or 2d.",
        post("publish: {at: 2026-12-03 08:30, window: 0h}"),
        post("publish: {at: 2026-12-03 08:30, window: 2d}"),
    ),
    Rule(
        "time/zone",
        "There is no time zone of this name.",
        "Write an IANA name, like Europe/Vienna.",
        post("publish: {at: 2026-12-03 08:30, zone: Europe/Wien}"),
        post("publish: {at: 2026-12-03 08:30, zone: Europe/Vienna}"),
    ),
    Rule(
        "time/zone-missing",
        "A time needs a time zone.",
        "Add zone: to threadsync.yaml, or an offset to the time.",
        {
            "threadsync.yaml": SAMPLE_PROJECT.replace("zone: Europe/Vienna\n", ""),
            "posts/post.md": post("publish: 2026-12-03 08:30"),
        },
        {
            "threadsync.yaml": SAMPLE_PROJECT.replace("zone: Europe/Vienna\n", ""),
            "posts/post.md": post("publish: 2026-12-03 08:30+01:00"),
        },
    ),
)

REFERENCE_RULES = (
    Rule(
        "reference/form",
        "A reference is neither a key, nor KEY@TARGET, nor id:…, nor a permalink.",
        "Write one of these.",
        post("reply_to: 'id:'"),
        post("reply_to: 'id:1801'"),
    ),
    Rule(
        "reference/unknown-key",
        "No post has the key that is named.",
        "Correct the key.",
        post("reply_to: lunch"),
        {"posts/post.md": post("reply_to: launch"), "posts/launch.md": GOOD},
    ),
    Rule(
        "reference/unknown-target",
        "The project does not have the target that is named.",
        "Correct the target.",
        post("", "See {{ links['bluesky/band'] }}"),
        {
            "posts/post.md": "---\ntargets: [threads/main, bluesky/brand]\n"
            "overrides: {bluesky: {text: Hi}}\n---\n"
            "See {{ links['bluesky/brand'] }}\n"
        },
    ),
    Rule(
        "reference/not-there",
        "The post that is named does not go to that target.",
        "Add the target to that post's targets:, or name another post.",
        {"posts/post.md": post("reply_to: launch"), "posts/launch.md": _BRAND},
        {"posts/post.md": post("reply_to: launch"), "posts/launch.md": GOOD},
    ),
    Rule(
        "reference/draft",
        "The post that is named is a draft: it has no address.",
        "Take draft: true out there, or the reference out here.",
        {"posts/post.md": post("reply_to: launch"), "posts/launch.md": post("draft: true")},
        {"posts/post.md": post("reply_to: launch\ndraft: true"), "posts/launch.md": post("draft: true")},
    ),
    Rule(
        "reference/repost",
        "A repost has nothing of its own, so it can be neither replied to, nor quoted, nor reposted.",
        "Name the post that it reposts.",
        {"posts/post.md": post("reply_to: again"), "posts/again.md": post("repost: 'id:1801'", "")},
        {"posts/post.md": post("reply_to: 'id:1801'"), "posts/again.md": post("repost: 'id:1801'", "")},
    ),
    Rule(
        "reference/circle",
        "Posts wait for each other, so that none could go out first.",
        "Take one of the references out.",
        post("", "See {{ links['threads/main'] }}"),
    ),
)

PROJECT_RULES = (
    Rule(
        "project/outside",
        "A path of the project file leaves the project.",
        "Name a path inside the project.",
        project(SAMPLE_PROJECT + "state: ../state.json\n"),
        project(SAMPLE_PROJECT + "state: my/state.json\n"),
    ),
    Rule(
        "project/state",
        "The place of the state lacks what it needs, or has a key that it has no use for.",
        "Name a path, a branch: or a bucket: under state:, with what it needs.",
        project(SAMPLE_PROJECT + "state: {bucket: s3://ours/social, branch: state}\n"),
        project(SAMPLE_PROJECT + "state: {branch: state}\n"),
    ),
    Rule(
        "project/media-host",
        "A media host is not declared, lacks what its kind needs, or is out of its network's reach.",
        "Declare it under media_hosts:, with what its kind needs.",
        target("media_host: site"),
        project(SAMPLE_PROJECT + "media_hosts: {site: {kind: url_prefix, url: 'https://example.org/'}}\n"),
    ),
    Rule(
        "project/notify",
        "A command of notify: cannot be read, or a target of it is none of the project's.",
        "Close every quotation mark; no shell reads it, so a pipe needs a script.",
        project(SAMPLE_PROJECT + 'notify: {command: "./tell \'us"}\n'),
        project(SAMPLE_PROJECT + "notify: {command: ./tell us}\n"),
    ),
    Rule(
        "project/credential-twice",
        "A target names its main credential twice.",
        "Keep one of them.",
        target("credential: env:A, credentials: {main: env:B}"),
        target("credentials: {main: env:B}"),
    ),
    Rule(
        "project/safety-bound",
        "A bound that keeps posts from being published twice is below its default on a real network.",
        "Leave it out; only a sandbox on this machine may have it lower.",
        target("bounds: {publish_doubt_seconds: 1}"),
        target("base_url: 'http://127.0.0.1:8765', bounds: {publish_doubt_seconds: 1}"),
    ),
    Rule(
        "project/plain-http",
        "A target's or a store's address is http:, so that credentials would travel unencrypted.",
        "Write https:; only an address on this machine may do without.",
        target("base_url: 'http://graph.example.org'"),
        target("base_url: 'https://graph.example.org'"),
    ),
    Rule(
        "project/account-twice",
        "Two targets are one account, so that a post for both would go out twice.",
        "Keep one of them, or give them different channels.",
        project(
            "version: 1\nid: sample\ntargets:\n  threads/main: {account: ana}\n"
            "  threads/brand: {account: '@Ana'}\n"
        ),
        project(
            "version: 1\nid: sample\ntargets:\n  threads/main: {account: ana}\n"
            "  mattermost/a: {account: ana, channel: a}\n  mattermost/b: {account: ana, channel: b}\n"
        ),
    ),
)
