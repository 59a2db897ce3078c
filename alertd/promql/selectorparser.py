"""The part of the parser that reads vector selectors: `name{label="value"}`, `{"utf-8 name", "label"="value"}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alertd.promql.ast import VectorSelector
from alertd.promql.lexer import IDENTIFIER, STRING, Token
from alertd.promql.matchers import METRIC_NAME, OPERATORS, Matcher
from alertd.promql.quoting import quote

if TYPE_CHECKING:
    from alertd.promql.parser import Parser

_CONTEXT = "label matching"


def parse_selector(parser: Parser) -> VectorSelector:
    """Parse the selector that starts at the current token."""
    start = parser.token.start
    name = ""
    if parser.token.kind != "{":
        name = parser.advance().text
    matchers = parse_matchers(parser) if parser.token.kind == "{" else []
    if name:
        matchers.append(Matcher(METRIC_NAME, "=", name))
    return VectorSelector(name, tuple(matchers), start=start, end=parser.last_end())


def parse_matchers(parser: Parser) -> list[Matcher]:
    """Parse `{…}`; a trailing comma is allowed."""
    parser.expect("{")
    matchers: list[Matcher] = []
    while parser.token.kind != "}":
        matchers.append(_matcher(parser))
        if parser.token.kind != ",":
            break
        parser.advance()
    parser.expect("}", _CONTEXT, '"," or "}"')
    return matchers


def _matcher(parser: Parser) -> Matcher:
    token = parser.token
    if token.kind not in (IDENTIFIER, STRING):
        parser.unexpected(_CONTEXT, 'identifier or "}"')
    parser.advance()
    name = token.text
    if token.kind == STRING:
        name = _utf8_name(parser, token)
        if parser.token.kind not in OPERATORS:
            return Matcher(METRIC_NAME, "=", name)
    if parser.token.kind not in OPERATORS:
        parser.unexpected(_CONTEXT, "label matching operator")
    operator = parser.advance()
    if parser.token.kind != STRING:
        parser.unexpected(_CONTEXT, "string")
    value = parser.advance()
    try:
        return Matcher(name, operator.kind, parser.string(value))
    except UnicodeEncodeError:
        parser.fail(f"regular expression {value.text} is not valid UTF-8", value.start, value.end)
    except ValueError as error:
        parser.fail(str(error), token.start, value.end)


def _utf8_name(parser: Parser, token: Token) -> str:
    name = parser.string(token)
    if not name or any("\ud800" <= character <= "\udfff" for character in name):
        parser.fail(f"invalid name {quote(name)}: a name is UTF-8 and not empty", token.start, token.end)
    return name
