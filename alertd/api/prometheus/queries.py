"""`/api/v1/query` and its kin: PromQL over what was pushed, and over ALERTS and ALERTS_FOR_STATE.

They ask the source that pushes without a name go to; the parameter `source`, which Prometheus does not have, names
another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Response

from alertd.api.auth import CurrentService, Viewer, require_owner
from alertd.api.prometheus.answers import ErrorType, Failed, answer, invalid
from alertd.api.prometheus.forms import EARLIEST, LATEST, Form, form_of, label_name
from alertd.api.prometheus.parameters import MatcherSets, matcher_sets
from alertd.api.prometheus.results import TRUNCATED, result_of
from alertd.clock import MINUTE, monotonic
from alertd.promql import Evaluation, EvaluationError, Options, Storage, evaluate, evaluate_range
from alertd.promql.errors import EvaluationTimeout
from alertd.service.alertseries import alert_series
from alertd.service.sampled import evaluated
from alertd.service.service import Service
from alertd.service.snapshots import StoredSnapshots
from alertd.sources.views import Layered

router = APIRouter()

T = TypeVar("T")

#: The longest that a query may take.
LONGEST = 2 * MINUTE
_MOST_POINTS = 11_000
_BOTH = ["GET", "POST"]

Parameters = Annotated[Form, Depends(form_of)]


@dataclass(frozen=True)
class Asked:
    """One source with the two series beside it."""

    service: Service
    source: StoredSnapshots

    async def over(self, work: Callable[[Storage, Options], T]) -> T:
        """What `work` makes of the samples, in a thread."""
        series = await alert_series(self.service.database, self.service.runtime)
        return await evaluated(self.source, lambda storage, options: work(Layered(storage, series), options))

    async def label_sets(self, sets: MatcherSets, start: int, end: int) -> list[Mapping[str, str]]:
        """The label sets with samples from `start` to `end` that fit one of the selectors, each once."""
        alerts = await alert_series(self.service.database, self.service.runtime)

        def found(storage: Storage, _options: Options) -> list[Mapping[str, str]]:
            known: dict[frozenset[tuple[str, str]], Mapping[str, str]] = {}
            for matchers in sets:
                pushed = (series.labels for series in storage.select(matchers, start - 1, end))
                for labels in (*pushed, *alerts.label_sets(matchers, start - 1, end)):
                    known[frozenset(labels.items())] = labels
            return list(known.values())

        return await evaluated(self.source, found)


async def asked(service: CurrentService, identity: Viewer, form: Parameters) -> Asked:
    """The source of a request. Raises `Failed`, `Refused`."""
    require_owner(identity, service)
    name = form.text("source")
    source = service.runtime.snapshots(name or None)
    if source is None:
        raise invalid("source", f"there is no source {name!r} that metrics can be pushed to")
    return Asked(service, source)


Source = Annotated[Asked, Depends(asked)]


@router.api_route("/query", methods=_BOTH)
async def query(source: Source, form: Parameters) -> Response:
    """The value of an expression at one instant."""
    at = form.time("time", source.service.clock.now())
    limit = form.limit()
    adjust = _options(form)
    expr = form.expression(source.service)
    return await _evaluated(
        source, form, limit, lambda storage, options: evaluate(expr, storage, at, options=adjust(options))
    )


@router.api_route("/query_range", methods=_BOTH)
async def query_range(source: Source, form: Parameters) -> Response:
    """The values of an expression at regular instants."""
    start, end = form.time("start"), form.time("end")
    if end < start:
        raise invalid("end", "end timestamp must not be before start time")
    step = form.duration("step")
    if step <= 0:
        reason = "zero or negative query resolution step widths are not accepted. Try a positive integer"
        raise invalid("step", reason)
    if (end - start) // step > _MOST_POINTS:
        raise Failed(
            "exceeded maximum resolution of 11,000 points per timeseries."
            " Try decreasing the query resolution (?step=XX)"
        )
    limit = form.limit()
    adjust = _options(form)
    expr = form.expression(source.service)
    if expr.type not in ("scalar", "vector"):
        kind = {"matrix": "range vector"}.get(expr.type, expr.type)
        reason = f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector'
        raise invalid("query", reason)
    return await _evaluated(
        source,
        form,
        limit,
        lambda storage, options: evaluate_range(expr, storage, start, end, step, options=adjust(options)),
    )


@router.api_route("/series", methods=_BOTH)
async def series(source: Source, form: Parameters) -> Response:
    """The label sets of the series that match."""
    if not form.texts("match[]"):
        raise Failed("no match[] parameter provided")
    limit = form.limit()
    found = await _label_sets(source, form)
    return _cut(sorted(found, key=lambda labels: sorted(labels.items())), limit)


@router.api_route("/labels", methods=_BOTH)
async def labels(source: Source, form: Parameters) -> Response:
    """The names of all labels."""
    limit = form.limit()
    found = await _label_sets(source, form)
    return _cut(sorted({name for labels in found for name in labels}), limit)


@router.get("/label/{name}/values")
async def label_values(name: str, source: Source, form: Parameters) -> Response:
    """The values of one label."""
    label = label_name(name)
    limit = form.limit()
    found = await _label_sets(source, form)
    return _cut(sorted({labels[label] for labels in found if label in labels}), limit)


@router.get("/metadata")
async def metadata(source: Source, form: Parameters) -> Response:
    """What pushers said of their metrics: type, help and unit, each once."""
    limit, limit_per_metric = _count(form, "limit"), _count(form, "limit_per_metric")
    found: dict[str, list[dict[str, str]]] = {}
    for said in await source.source.descriptions(form.text("metric")):
        if said.metric not in found and len(found) == limit:
            break
        of_one = found.setdefault(said.metric, [])
        if limit_per_metric <= 0 or len(of_one) < limit_per_metric:
            of_one.append({"type": said.type, "help": said.help, "unit": said.unit})
    return answer(found)


def _count(form: Form, name: str) -> int:
    """A number; less than nothing where none is given. Raises `Failed`."""
    text = form.text(name)
    try:
        return int(text or "-1")
    except ValueError:
        raise Failed(f"{name} must be a number") from None


async def _label_sets(source: Asked, form: Form) -> list[Mapping[str, str]]:
    """The label sets that a request asks for. Raises `Failed`."""
    sets: MatcherSets = matcher_sets(form.texts("match[]")) or ((),)
    start, end = form.time("start", EARLIEST), form.time("end", LATEST)
    return await source.label_sets(sets, start, end)


def _options(form: Form) -> Callable[[Options], Options]:
    """What the request says of the evaluation. Raises `Failed`."""
    deadline = monotonic() + min(form.duration("timeout", LONGEST), LONGEST)
    # No time, and less than none, asks for the usual one, as in Prometheus.
    lookback = max(form.duration("lookback_delta", 0), 0)

    def adjusted(options: Options) -> Options:
        return replace(options, lookback=lookback or options.lookback, expired=lambda: monotonic() > deadline)

    return adjusted


async def _evaluated(source: Asked, form: Form, limit: int, work: Callable[[Storage, Options], Evaluation]) -> Response:
    started = monotonic()
    try:
        evaluation = await source.over(work)
    except EvaluationTimeout as error:
        raise Failed(str(error), ErrorType.TIMEOUT) from error
    except EvaluationError as error:
        raise Failed(str(error), ErrorType.EXECUTION) from error
    data, truncated = result_of(evaluation, limit)
    if form.text("stats"):
        data["stats"] = _stats(evaluation, (monotonic() - started) / 1000)
    warnings = [*evaluation.warnings, TRUNCATED] if truncated else evaluation.warnings
    return answer(data, warnings, evaluation.infos)


def _stats(evaluation: Evaluation, seconds: float) -> dict[str, Any]:
    """The time that the evaluation took, and how many samples it read."""
    return {
        "timings": {"evalTotalTime": seconds, "execTotalTime": seconds},
        "samples": {"totalQueryableSamples": evaluation.samples_read},
    }


def _cut(found: list[Any], limit: int) -> Response:
    if limit and len(found) > limit:
        return answer(found[:limit], [TRUNCATED])
    return answer(found)
