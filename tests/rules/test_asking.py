"""What templates ask: noted once, answered from outside, bounded in number."""

from __future__ import annotations

import pytest

from alertd.rules.asking import Answers, Unanswered
from alertd.rules.evaluation import Context, evaluate
from tests.rules.evaluating import Bench, make_rule, series


def test_a_question_and_its_answer() -> None:
    """A question is missing until it is answered, and then answered as often as it is asked."""
    answers = Answers()
    for _ in range(2):
        with pytest.raises(Unanswered):
            answers.ask("up")
    assert answers.missing() == ["up"]
    assert answers.missing() == []
    answers.answer("up", [({"job": "a"}, 1.0)])
    assert answers.ask("up") == [({"job": "a"}, 1.0)]
    answers.answer("down", "no answer")
    with pytest.raises(ValueError, match="no answer"):
        answers.ask("down")
    answers.answer("nothing", [])
    assert answers.ask("nothing") == []


def test_the_number_of_questions_is_bounded() -> None:
    """Beyond the limit a question fails at once; what was asked before can be asked again."""
    answers = Answers(limit=2)
    answers.answer("a", [])
    with pytest.raises(Unanswered):
        answers.ask("b")
    with pytest.raises(Unanswered):
        answers.ask("b")
    with pytest.raises(ValueError, match="may ask 2 different queries"):
        answers.ask("c")
    assert answers.missing() == ["b"]


def test_one_evaluation_notes_all_questions() -> None:
    """Each text of each alert tells what it asks first; what depends on an answer comes in the next round."""
    annotations = {
        "one": '{{ query "x" | first | value }}',
        "two": '{{ query (printf "y%v" (query "x" | first | value)) | first | value }}',
        "three": "{{ query $labels.n | first | value }}",
    }
    bench = Bench(make_rule(annotations=annotations))
    answers = Answers()
    samples = [series(n="a"), series(n="b")]
    rounds = []
    while True:
        outcome = evaluate(bench.compiled, samples, {}, Context(query=answers.ask), 0)
        missing = answers.missing()
        if not missing:
            break
        rounds.append(missing)
        for expression in missing:
            answers.answer(expression, [({}, float(len(expression)))])
    assert rounds == [["x", "a", "b"], ["y1"]]
    reports = [change.report for change in outcome.changes]
    assert [report.annotations for report in reports if report] == [{"one": "1", "two": "2", "three": "1"}] * 2
