"""The expressions of workflow files, `${{ … }}` and `if:`, evaluated; what is not known here is an error.

By docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions: names lead into contexts,
a property that is not there is null, texts are compared without regard to case, `&&` and `||` return one of
their sides, and an `if:` that names no status function means `success() && (…)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = "str | float | bool | Mapping[str, Value] | None"
Functions: TypeAlias = Mapping[str, Callable[[], bool]]

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)|"
                    r"(?P<sign>&&|\|\||==|!=|!|\(|\)|\.))")  # fmt: skip
_STATUS = re.compile(r"\b(?:success|failure|always|cancelled)\(\)")
_WHOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


class UnknownError(Exception):
    """An expression that this evaluator does not know; it guesses at none."""


@dataclass
class _Reader:
    """One expression on its way through its tokens."""

    tokens: list[tuple[str, str]]
    contexts: Mapping[str, Value]
    functions: Functions
    at: int = 0

    def sign(self, *wanted: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at] in [("sign", each) for each in wanted]:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def either(self) -> Value:
        left = self.both()
        while self.sign("||"):
            right = self.both()
            left = left if left else right
        return left

    def both(self) -> Value:
        left = self.compared()
        while self.sign("&&"):
            right = self.compared()
            left = right if left else left
        return left

    def compared(self) -> Value:
        left = self.one()
        while sign := self.sign("==", "!="):
            left = _same(left, self.one()) == (sign == "==")
        return left

    def one(self) -> Value:
        if self.sign("!"):
            return not self.one()
        if self.sign("("):
            inner = self.either()
            self.needs(")")
            return inner
        if self.at == len(self.tokens):
            raise UnknownError("the expression ends too soon")
        kind, word = self.tokens[self.at]
        self.at += 1
        match kind:
            case "text":
                return word[1:-1].replace("''", "'")
            case "number":
                return float(word)
            case "name":
                return self.named(word)
        raise UnknownError(f"{word!r} stands where a value should")

    def named(self, word: str) -> Value:
        if self.sign("("):
            self.needs(")")
            if word not in self.functions:
                raise UnknownError(f"no function {word}()")
            return self.functions[word]()
        if word in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[word]
        if word not in self.contexts:
            raise UnknownError(f"no context {word}")
        found = self.contexts[word]
        while self.sign("."):
            kind, part = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
            if kind != "name":
                raise UnknownError(f"no name behind the . of {word}")
            self.at += 1
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def needs(self, sign: str) -> None:
        if not self.sign(sign):
            raise UnknownError(f"no {sign} where one is due")


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    return left == right


def evaluated(expression: str, contexts: Mapping[str, Value], functions: Functions) -> Value:
    """Return what *expression* comes to.

    Raises:
        UnknownError: it holds something that is not known here.
    """
    tokens: list[tuple[str, str]] = []
    at, text = 0, expression.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise UnknownError(f"{text[at:]!r} in {expression!r}")
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = found.end()
    reader = _Reader(tokens, contexts, functions)
    value = reader.either()
    if reader.at != len(tokens):
        raise UnknownError(f"{expression!r} goes on where it should end")
    return value


def filled_in(text: str, contexts: Mapping[str, Value]) -> str:
    """Return *text* with what its expressions come to."""
    return _WHOLE.sub(lambda found: as_text(evaluated(found[1], contexts, {})), text)


def as_text(value: Value) -> str:
    """Return *value* as an expression in a text gives it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case str():
            return value
    raise UnknownError("a context as a whole is no text")


def holds(condition: str, contexts: Mapping[str, Value], functions: Functions) -> bool:
    """Whether a step or a job with this ``if:`` runs."""
    found = _WHOLE.fullmatch(condition.strip())
    inner = found[1] if found is not None else condition
    if not _STATUS.search(inner):
        inner = f"success() && ({inner})" if inner.strip() else "success()"
    return bool(evaluated(inner, contexts, functions))
