"""The parser: precedence, places, type checks, the messages of everything it refuses, and state comparisons."""

from __future__ import annotations

import math

import pytest

from alertd.promql import (
    BinaryExpr,
    Call,
    Matcher,
    NumberLiteral,
    ParseError,
    Subquery,
    UnaryExpr,
    VectorSelector,
    parse,
    parse_matchers,
    selectors,
    unwrap,
    walk,
)


def shape(text: str) -> str:
    """Return the expression with all its operations parenthesised."""

    def show(node: object) -> str:
        if isinstance(node, BinaryExpr):
            return f"({show(node.left)} {node.op} {show(node.right)})"
        if isinstance(node, UnaryExpr):
            return f"({node.op}{show(node.expr)})"
        return str(node)

    return show(parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a ^ b ^ c", "(a ^ (b ^ c))"),
        ("-a ^ b", "(-(a ^ b))"),
        ("-a * b", "((-a) * b)"),
        ("a or b and c unless d", "(a or ((b and c) unless d))"),
        ("a < b == c", "((a < b) == c)"),
        ("a atan2 b * c", "((a atan2 b) * c)"),
        ("a + b > c and d", "(((a + b) > c) and d)"),
        ("-1 ^ 2", "(-(1 ^ 2))"),
        ("- - 1", "1"),
        ("-a offset 5m", "(-a offset 5m)"),
    ],
)
def test_precedence(text: str, expected: str) -> None:
    """Operators bind as in Prometheus; a power binds tighter than a sign and to the right."""
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", 1000),
        ("0x1F", 31),
        ("0755", 493),
        ("089", 89),
        (".5", 0.5),
        ("5.", 5),
        ("1e3", 1000),
        ("1E-3", 0.001),
        ("iNf", math.inf),
        ("-Inf", -math.inf),
        ("5m", 300),
        ("1h30m", 5400),
        ("100ms", 0.1),
        ("-5m", -300),
    ],
)
def test_numbers(text: str, value: float) -> None:
    """Numbers come in all of Go's forms, and durations are numbers of seconds."""
    expr = parse(text)
    assert isinstance(expr, NumberLiteral)
    assert expr.value == value


@pytest.mark.parametrize(
    "text",
    [
        "sum", "by", "offset", "and", "or", "unless", "start", "end", "step", "range", "count_values", "fill",
        "smoothed", "sum offset 5m", "offset offset 5m", "sum + by", "sum{a='b'}", "and and and",
        "by{offset='1',by='2'}",
        "sum by (by, on, ignoring, bool, offset, atan2) (sum)", "a * on (sum) group_left (avg) b", "nan_x", "infinity",
    ],
)  # fmt: skip
def test_keywords_name_metrics_and_labels(text: str) -> None:
    """Most keywords are names where a name is due."""
    assert parse(text)


@pytest.mark.parametrize("text", ["on", "ignoring", "bool", "group_left", "group_right", "atan2"])
def test_reserved_words_name_no_metric(text: str) -> None:
    """A few words are never metric names."""
    with pytest.raises(ParseError, match="unexpected <"):
        parse(text)


def test_utf8_names() -> None:
    """Names of any UTF-8 stand in quotes inside the braces."""
    expr = parse('sum by ("label.x") ({"metric.name", "label.x"=~"v.*", plain="1"})')
    (selector,) = selectors(expr)
    assert selector.metric_name == "metric.name"
    assert Matcher("label.x", "=~", "v.*") in selector.matchers


@pytest.mark.parametrize(
    ("text", "offset", "at"),
    [
        ("a offset 5m", 300_000, None),
        ("a offset -5m", -300_000, None),
        ("a offset 90", 90_000, None),
        ("a @ 1.5", 0, 1500),
        ("a @ -1.5", 0, -1500),
        ("a @ 1m40s", 0, 100_000),
        ("a @ start() offset 1m", 60_000, "start"),
        ("a offset 1m @ end()", 60_000, "end"),
        ("a[5m] offset 1m @ 10", 60_000, 10_000),
    ],
)
def test_time_modifiers(text: str, offset: int, at: object) -> None:
    """`offset` and `@` come in any order and may be numbers or durations."""
    (selector,) = selectors(parse(text))
    assert (selector.offset, selector.at) == (offset, at)


def test_every_node_knows_its_place() -> None:
    """The source between start and end of each node is the node's own text."""
    text = 'sum by (a) (rate(x{a="b"}[5m] offset 1h)) / -(y @ 10)[1h:5m] > bool 1.5'.replace("[1h:5m]", "")
    places = {text[node.start : node.end] for node in walk(parse(text))}
    assert places == {
        text,
        'sum by (a) (rate(x{a="b"}[5m] offset 1h)) / -(y @ 10)',
        'sum by (a) (rate(x{a="b"}[5m] offset 1h))',
        'rate(x{a="b"}[5m] offset 1h)',
        'x{a="b"}[5m] offset 1h',
        'x{a="b"}',
        "-(y @ 10)",
        "(y @ 10)",
        "y @ 10",
        "1.5",
    }


def test_subquery_parts() -> None:
    """A subquery keeps its range and step; an empty step is the default one."""
    expr = parse("rate(a[1m])[1h:5m]")
    assert isinstance(expr, Subquery)
    assert (expr.range, expr.step, expr.type) == (3_600_000, 300_000, "matrix")
    again = parse("a[60:]")
    assert isinstance(again, Subquery)
    assert (again.range, again.step) == (60_000, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", "scalar"), ("a", "vector"), ("a[5m]", "matrix"), ('"a"', "string"), ("1 + a", "vector"),
     ("time()", "scalar"), ("(a[5m])", "matrix"), ("-(1)", "scalar"), ("scalar(a) + 1", "scalar")],
)  # fmt: skip
def test_types(text: str, expected: str) -> None:
    """Every expression knows its type."""
    assert parse(text).type == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: parse error: no expression found in input"),
        ("  # only a comment", "1:1: parse error: no expression found in input"),
        ("up ==", "1:6: parse error: unexpected end of input"),
        ("1 1", '1:3: parse error: unexpected number "1"'),
        ("*1", "1:1: parse error: unexpected <op:*>"),
        ("a\n + )", "2:4: parse error: unexpected right parenthesis ')'"),
        ("(1 2)", '1:4: parse error: unexpected number "2"'),
        ('a "0123456789abc"', '1:3: parse error: unexpected string "\\"012345678"...'),
        ("a{b}", '1:4: parse error: unexpected "}" in label matching, expected label matching operator'),
        ("a{b=c}", '1:5: parse error: unexpected identifier "c" in label matching, expected string'),
        ("a{=}", '1:3: parse error: unexpected "=" in label matching, expected identifier or "}"'),
        ('a{b="c" d="e"}', '1:9: parse error: unexpected identifier "d" in label matching, expected "," or "}"'),
        ('a{b=~"("}', '1:3: parse error: error parsing regexp "(": missing ): ('),
        ('a{""="b"}', '1:3: parse error: invalid name "": a name is UTF-8 and not empty'),
        (r'"\q"', '1:1: parse error: error unquoting string "\\"\\\\q\\"": unknown escape sequence "q"'),
        ("sum by a (b)", '1:8: parse error: unexpected identifier "a" in grouping opts, expected "("'),
        ("sum by (a b) (c)", '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"'),
        ("sum by (1) (c)", '1:9: parse error: unexpected number "1" in grouping opts, expected label'),
        ("sum a", '1:5: parse error: unexpected identifier "a" in aggregation'),
        ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
        ("topk(a)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
        ("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"),
        ("topk('a', b)", "1:6: parse error: expected type scalar in aggregation parameter, got string"),
        ("count_values(1, b)", "1:14: parse error: expected type string in aggregation parameter, got scalar"),
        ("nofn(a)", '1:1: parse error: unknown function with name "nofn"'),
        ("abs(a,)", "1:6: parse error: trailing commas not allowed in function call args"),
        ("abs(a b)", '1:7: parse error: unexpected identifier "b"'),
        ("abs()", '1:1: parse error: expected 1 argument(s) in call to "abs", got 0'),
        ("round()", '1:1: parse error: expected at least 1 argument(s) in call to "round", got 0'),
        ("round(a,1,2)", '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'),
        ("rate(a)", '1:6: parse error: expected type range vector in call to function "rate", got instant vector'),
        (
            "label_join(a, 'b', 'c', 1)",
            '1:25: parse error: expected type string in call to function "label_join", got scalar',
        ),
        ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        ("a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators"),
        ("a and 1", '1:1: parse error: set operator "and" not allowed in binary scalar expression'),
        ("a and on(x) group_left b", '1:1: parse error: no grouping allowed for "and" operation'),
        ("1 + on(x) a", "1:1: parse error: vector matching only allowed between instant vectors"),
        ("a + on(x) group_left(x) b", '1:3: parse error: label "x" must not occur in ON and GROUP clause at once'),
        ("a[5m] + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"),
        ('a == "x"', "1:6: parse error: binary expression must contain only scalar and instant vector types"),
        (
            "-a[5m]",
            ("1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector,"
            ' got "range vector"'),
        ),
        ("1[5m:]", "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"),
        ("abs(a)[5m]", "1:7: parse error: ranges only allowed for vector selectors"),
        ("a offset 1m [5m]", "1:13: parse error: no offset modifiers allowed before range"),
        ("a @ 1 [5m]", "1:7: parse error: no @ modifiers allowed before range"),
        ("a offset 1m offset 1m", "1:1: parse error: offset may not be set multiple times"),
        ("a @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"),
        ("a @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"),
        (
            "1 offset 1m",
            ("1:1: parse error: offset modifier must be preceded by an instant vector selector"
            " or range vector selector or a subquery"),
        ),
        ("a offset b", '1:10: parse error: unexpected identifier "b" in offset, expected duration'),
        ("a[b]", '1:3: parse error: unexpected identifier "b" in subquery or range selector, expected duration'),
        ("a[0]", "1:3: parse error: duration must be greater than 0"),
        ("a[5m:0]", "1:6: parse error: duration must be greater than 0"),
        ("a[1s1m]", '1:3: parse error: not a valid duration string: "1s1m"'),
        ("a[1e30]", "1:3: parse error: duration out of range"),
        ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ('{a=~".*",b!="x"}', "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ('a{__name__="b"}', '1:1: parse error: metric name must not be set twice: "a" or "b"'),
        ("a + fill(1) b", "1:1: parse error: binop fill modifiers are experimental and not enabled"),
        ("rate(a[5m] smoothed)", "1:6: parse error: smoothed modifier is experimental and not enabled"),
    ],
)  # fmt: skip
def test_refuses_with_place_and_reason(text: str, message: str) -> None:
    """Each mistake is refused at its place, in Prometheus' words."""
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_error_shows_its_place() -> None:
    """An error carries offsets, found and expected, and can draw a caret under the place."""
    with pytest.raises(ParseError) as caught:
        parse("a +\n\tsum by x (b)")
    error = caught.value
    assert (error.line, error.column, error.start, error.end) == (2, 9, 12, 13)
    assert (error.found, error.expected) == ('identifier "x"', '"("')
    assert error.caret() == "\tsum by x (b)\n\t       ^"


@pytest.mark.parametrize(
    "text",
    ["(" * 500 + "1" + ")" * 500, "-" * 500 + "1", "abs(" * 500, "a[" + "(" * 500, "a offset " + "-" * 500 + "1m",
     "a[" + "+".join(["1m"] * 500) + "]", "a" + "[1m:1m]" * 500, "^".join(["1"] * 500)],
)  # fmt: skip
def test_endless_nesting_is_an_error(text: str) -> None:
    """No text makes the parser run out of stack."""
    with pytest.raises(ParseError):
        parse(text)


def test_long_chains_are_fine() -> None:
    """A chain of thousands of operators is parsed, printed and walked."""
    text = " or ".join(f"a{number}" for number in range(3000))
    expr = parse(text)
    assert str(expr) == text
    assert len(selectors(expr)) == 3000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('door == "open"', 'door{state="open"}'),
        ('door != "open"', 'door{state!="open"}'),
        ('"open" == door{room="1"}', 'door{room="1",state="open"}'),
        ('(door) == ("open")', 'door{state="open"}'),
        ('{__name__=~"d.*"} != "x"', '{__name__=~"d.*",state!="x"}'),
        ('door offset 5m == "open" and on (room) lamp > 1', 'door{state="open"} offset 5m and on (room) lamp > 1'),
        ('count(door == "open") > 2', 'count(door{state="open"}) > 2'),
    ],
)
def test_state_comparison_becomes_a_matcher(text: str, expected: str) -> None:
    """With `states`, comparing a selector with a text selects the series of that state."""
    assert str(parse(text, states=True)) == expected
    with pytest.raises(ParseError, match="binary expression must contain only scalar and instant vector types"):
        parse(text)


@pytest.mark.parametrize("text", ['abs(door) == "open"', 'door > "open"', '"a" == "b"', 'door == bool "open"'])
def test_other_comparisons_with_text_stay_errors(text: str) -> None:
    """Only plain selectors have a state."""
    with pytest.raises(ParseError, match="binary expression must contain only"):
        parse(text, states=True)


def test_trees_are_equal_by_meaning() -> None:
    """Places, blanks and the order of matchers do not matter; values do."""
    assert parse('a{b="1",c="2"}+1') == parse('a { c="2", b="1" } + 1')
    assert parse("a") != parse("b")
    assert parse("sum by (x) (a)") != parse("sum without (x) (a)")


def test_parse_matchers_alone() -> None:
    """A bare selector gives its name and matchers, and may match everything."""
    assert parse_matchers('up{job=~".*"}') == ("up", [Matcher("job", "=~", ".*")])
    assert parse_matchers("{}") == ("", [])
    with pytest.raises(ParseError):
        parse_matchers("up + 1")


def test_calls_name_their_function() -> None:
    """Function names are case-sensitive, and a function's name may name a metric."""
    assert isinstance(unwrap(parse("(rate(rate[5m]))")), Call)
    assert isinstance(parse("rate"), VectorSelector)
    with pytest.raises(ParseError, match='unknown function with name "Rate"'):
        parse("Rate(a[5m])")
