"""The rules for files as such, and for YAML."""

from __future__ import annotations

from threadsync.content.rule import GOOD, Rule, post
from threadsync.model.diagnostic import Severity

FILE_RULES = (
    Rule(
        "file/unreadable",
        "A file or folder cannot be opened or read.",
        "Look at its permissions and at what it links to.",
    ),
    Rule(
        "file/not-a-file",
        "Something that is not a file (a folder, a pipe, a device) has the name of a post.",
        "Rename it: posts end in .md, .yaml or .yml.",
        {"posts/launch.md/note.txt": "x", "posts/post.md": GOOD},
        {"posts/launch/index.md": GOOD},
    ),
    Rule(
        "file/too-large",
        "A post file may have 1,000,000 bytes; a larger one is not read.",
        "Keep media in files of their own, and the post beside them.",
    ),
    Rule("file/empty", "The file has nothing in it.", "Write the post, or remove the file.", "\n \n"),
    Rule(
        "file/encoding",
        "Posts are UTF-8.",
        "Save the file as UTF-8 in your editor.",
    ),
    Rule(
        "file/control-character",
        "A post holds no control characters: they would act on a reader's terminal.",
        "Take the character out; a line break or a tab is fine.",
        post("", "a\x1b[31mred\x1b[0m word"),
    ),
    Rule(
        "file/lfs-pointer",
        "The file is a pointer that Git LFS left in place of the post.",
        "Fetch it with `git lfs pull`.",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
    ),
    Rule(
        "file/outside-project",
        "A link leads out of the project, or to a hidden file of it.",
        "Copy the file into the project.",
    ),
    Rule(
        "file/linked-folder",
        "Folders of posts are not read through links: a post would be found twice, or for ever.",
        "Move the folder here if it holds posts; pictures may stay behind the link.",
        severity=Severity.WARNING,
    ),
    Rule(
        "file/name",
        "A file's name holds control characters or characters that change the direction of writing.",
        "Rename the file.",
        {"posts/a\u202eb.md": GOOD, "posts/post.md": GOOD},
    ),
    Rule(
        "file/no-posts",
        "The posts folder is missing or holds no posts; nothing counts as removed because of it.",
        "Write a post, or correct posts: in threadsync.yaml.",
        {"posts/_template.md": GOOD},
        severity=Severity.WARNING,
    ),
)

YAML_RULES = (
    Rule(
        "yaml/syntax",
        "The text is not YAML.",
        "Correct the line; text with signs in it is safest in quotes.",
        post("notes: [one, two"),
        post("notes: '[one, two'"),
    ),
    Rule(
        "yaml/tab",
        "YAML is indented with spaces.",
        "Replace the tab by spaces.",
        post("publish:\n\tat: 2026-12-03 08:30"),
        post("publish:\n  at: 2026-12-03 08:30"),
    ),
    Rule(
        "yaml/duplicate-key",
        "A key stands twice in one mapping.",
        "Take one of them out.",
        post("notes: one\nnotes: two"),
        post("notes: one"),
    ),
    Rule(
        "yaml/tag",
        "Tags (!name) are not part of a post.",
        "Take the tag out.",
        post("notes: !important call"),
    ),
    Rule(
        "yaml/anchor",
        "Anchors (&name) and aliases (*name) are not part of a post.",
        "Write the value out, or put it in quotes.",
        post("notes: *all"),
        post('notes: "*all"'),
    ),
    Rule(
        "yaml/merge",
        "<< merges mappings in YAML 1.1; YAML 1.2 does not have it.",
        "Write the keys out.",
        post("publish:\n  at: 2026-12-03 08:30\n  <<: {window: 2h}"),
        post("publish:\n  at: 2026-12-03 08:30\n  window: 2h"),
    ),
    Rule("yaml/key", "A key is not text.", "Use a word as the key.", post("1: one"), post("notes: one")),
    Rule(
        "yaml/documents",
        "A file holds one YAML document.",
        "Make a file of each post.",
        {"posts/post.yaml": "targets: [threads/main]\ntext: One.\n---\ntext: Two.\n"},
        {"posts/post.yaml": "---\ntargets: [threads/main]\ntext: One.\n"},
    ),
    Rule(
        "yaml/too-deep",
        "Lists and mappings are nested at most 40 deep.",
        "Nothing in a post needs this; take it out.",
        post("notes: " + "[" * 50),
    ),
    Rule(
        "yaml/too-large",
        "A document has at most 20,000 values.",
        "Nothing in a post needs this; take it out.",
        post("tags: [" + "a," * 20_001 + "]"),
    ),
    Rule(
        "yaml/number",
        "A number is infinite, no number, or has more than 32 characters.",
        "Put it in quotes if it is text.",
        post("notes: .inf"),
        post('notes: ".inf"'),
    ),
    Rule(
        "yaml/colon",
        'A value holds ": ", which YAML reads as a key.',
        "Put the value in quotes.",
        post("notes: Note: call Ana"),
        post('notes: "Note: call Ana"'),
    ),
    Rule(
        "yaml/braces",
        "A value starts with {{, which YAML reads as braces.",
        "Put the value in quotes.",
        post("number: {{ links['threads/main'] }}"),
        post("notes: \"{{ links['threads/main'] }}\""),
    ),
    Rule(
        "yaml/reserved",
        "A value starts with @, a backtick or %, which YAML keeps for itself.",
        "Put the value in quotes.",
        post("notes: @ana checks this"),
        post('notes: "@ana checks this"'),
    ),
    Rule(
        "yaml/comment",
        "# starts a comment, so a value is missing or cut short.",
        "Put the text in quotes; a comment has a space behind its #.",
        post("notes: see #12"),
        post("notes: 'see #12' # of our tracker"),
    ),
    Rule(
        "yaml/comma",
        "A comma ends a value inside braces, and what follows became a key without a value.",
        "Put the value in quotes.",
        post("overrides: {threads: {text: Short, to the point}}"),
        post('overrides: {threads: {text: "Short, to the point"}}'),
    ),
    Rule(
        "yaml/empty-value",
        "A key has no value.",
        "Give it one, write null to take out what a default says, or remove the line.",
        post("link:"),
        post("link: null"),
    ),
    Rule(
        "yaml/control-character",
        "A value holds a control character, or one that YAML does not allow.",
        "Take it out.",
        post('notes: "\\e[31m"'),
        post('notes: "a\\tb"'),
    ),
)
