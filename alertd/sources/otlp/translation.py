"""OTLP metrics as series, translated as Prometheus' own OTLP receiver does."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from alertd.clock import MINUTE
from alertd.promql import METRIC_NAME, STALE_NAN
from alertd.promql.histogram import HIGHEST_SCHEMA, LOWEST_SCHEMA, FloatHistogram
from alertd.sources.descriptions import Description
from alertd.sources.otlp.messages import (
    CUMULATIVE,
    NO_RECORDED_VALUE,
    AnyValue,
    Buckets,
    ExponentialPoint,
    HistogramPoint,
    KeyValue,
    Metric,
    NumberPoint,
    Request,
    ResourceMetrics,
    SummaryPoint,
)
from alertd.sources.otlp.names import label_name, metric_name, unit_name
from alertd.sources.series import Identity, Key, SeriesLimits, SeriesSamples

TARGET_INFO = "target_info"

_NAME, _NAMESPACE, _INSTANCE = "service.name", "service.namespace", "service.instance.id"
_IDENTIFYING = frozenset({_NAME, _NAMESPACE, _INSTANCE})
# `target_info` is found by queries over any part of what was exported.
_INFO_INTERVAL = 5 * MINUTE // 2
_MOST_INFO = 1000
_ZERO_THRESHOLD = 1e-128
_MOST_BUCKETS = 4096
_NANOSECONDS = 1_000_000

_TARGET_INFO = Description(TARGET_INFO, "gauge", "Target metadata")

_Point = NumberPoint | HistogramPoint | ExponentialPoint | SummaryPoint


@dataclass(frozen=True, slots=True)
class DataPoint:
    """A data point as series that have one sample each; `info` is the `target_info` of its resource, if it has one."""

    at: int
    series: Sequence[SeriesSamples]
    info: Identity | None = None


@dataclass(slots=True)
class Translated:
    """The data points of a request, what it says of its metrics, how many points could not be translated, and why."""

    points: list[DataPoint] = field(default_factory=list)
    descriptions: dict[Description, None] = field(default_factory=dict)
    lost: int = 0
    refused: list[str] = field(default_factory=list)


class Translator:
    """Translates requests into series whose labels are within limits."""

    def __init__(self, limits: SeriesLimits = SeriesLimits()) -> None:
        self._limits = limits

    def translate(self, request: Request) -> Translated:
        """The data points of a request as series. A metric that cannot be one is left out and named."""
        translated = Translated()
        for resource in request.resource_metrics:
            base = _identifying(_attributes(resource.resource.attributes))
            info = self._info(resource, base)
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self._metric(metric, base, info, translated)
        if any(point.info is not None for point in translated.points):
            translated.descriptions[_TARGET_INFO] = None
        return translated

    def _metric(self, metric: Metric, base: Mapping[str, str], info: Identity | None, translated: Translated) -> None:
        points, temporality = _points_of(metric)
        is_counter = metric.sum is not None and metric.sum.is_monotonic
        name = metric_name(metric.name, metric.unit, is_counter=is_counter, is_gauge=metric.gauge is not None)
        problem = None
        if temporality not in (None, CUMULATIVE):
            problem = f'invalid temporality and type combination for metric "{metric.name}"; export it as cumulative'
        elif not name:
            problem = f'normalization for metric "{metric.name}" resulted in empty name'
        elif not points:
            problem = f"empty data points. {metric.name} is dropped"
        if problem is not None:
            translated.refused.append(problem)
            translated.lost += len(points)
            return
        translated.descriptions[Description(name, _type_of(metric), metric.description, unit_name(metric.unit))] = None
        for point in points:
            labels = {**_labels(point.attributes), **base}
            try:
                series = list(self._series(name, labels, point))
            except ValueError as error:
                translated.refused.append(f"{error} at metric {metric.name}")
                translated.lost += 1
            else:
                translated.points.append(DataPoint(_milliseconds(point.time_unix_nano), series, info))

    def _series(self, name: str, labels: Mapping[str, str], point: _Point) -> Iterator[SeriesSamples]:
        at = _milliseconds(point.time_unix_nano)
        stale = bool(point.flags & NO_RECORDED_VALUE)
        if isinstance(point, ExponentialPoint):
            histogram = _native(point, stale=stale)
            yield SeriesSamples(self._identity(name, labels), histograms=[(at, histogram)])
            return
        for suffix, more, value in _values(point):
            identity = self._identity(name + suffix, {**labels, **more})
            yield SeriesSamples(identity, [(at, STALE_NAN if stale else value)])

    def _info(self, resource: ResourceMetrics, base: Mapping[str, str]) -> Identity | None:
        """What is known of the resource beside its name, as labels of a series of its own."""
        attributes = [pair for pair in resource.resource.attributes if pair.key not in _IDENTIFYING]
        return self._identity(TARGET_INFO, {**_labels(attributes), **base}) if attributes and base else None

    def _identity(self, name: str, labels: Mapping[str, str]) -> Identity:
        return Identity(tuple({**labels, METRIC_NAME: name}.items()), self._limits)


def size_of(request: Request) -> tuple[int, int]:
    """How many data points a request has, and how many samples these will be at most."""
    metrics = [metric for one in request.resource_metrics for scope in one.scope_metrics for metric in scope.metrics]
    points = [point for metric in metrics for point in _points_of(metric)[0]]
    return len(points), sum(map(_samples_of, points))


def settle(points: Iterable[DataPoint], stored: Iterable[SeriesSamples]) -> tuple[list[DataPoint], int]:
    """The points of which anything was stored, and the number of those of which anything was not.

    `stored` are those of the points' series that were, in their order, with whatever labels they got beside their own.
    """
    settled: list[DataPoint] = []
    refused = 0
    rest = iter(stored)
    following = next(rest, None)
    for point in points:
        number = 0
        for one in point.series:
            if following is not None and _became(one, following):
                number += 1
                following = next(rest, None)
        if number:
            settled.append(point)
        refused += number < len(point.series)
    return settled, refused


def infos_of(points: Iterable[DataPoint]) -> list[SeriesSamples]:
    """The `target_info` of each resource for as long as it has these points."""
    found: dict[Key, tuple[Identity, list[int]]] = {}
    for point in points:
        if point.info is not None:
            found.setdefault(point.info.key, (point.info, []))[1].append(point.at)
    return [SeriesSamples(info, [(at, 1.0) for at in _info_instants(instants)]) for info, instants in found.values()]


def _info_instants(instants: Sequence[int]) -> Sequence[int]:
    first, last = min(instants), max(instants)
    return [*range(first, last, _INFO_INTERVAL)[:_MOST_INFO], last]


def _became(one: SeriesSamples, stored: SeriesSamples) -> bool:
    return (
        one.samples == stored.samples
        and one.histograms == stored.histograms
        and one.identity.labels.items() <= stored.identity.labels.items()
    )


def _points_of(metric: Metric) -> tuple[Sequence[_Point], int | None]:
    """The points of a metric, and the temporality of those kinds that have one."""
    if metric.gauge is not None:
        return metric.gauge.data_points, None
    if metric.sum is not None:
        return metric.sum.data_points, metric.sum.aggregation_temporality
    if metric.histogram is not None:
        return metric.histogram.data_points, metric.histogram.aggregation_temporality
    if metric.exponential_histogram is not None:
        return metric.exponential_histogram.data_points, metric.exponential_histogram.aggregation_temporality
    return ((), None) if metric.summary is None else (metric.summary.data_points, None)


def _samples_of(point: _Point) -> int:
    """How many samples a point becomes at most."""
    if isinstance(point, HistogramPoint):
        return 3 + min(len(point.explicit_bounds), len(point.bucket_counts))
    return 2 + len(point.quantile_values) if isinstance(point, SummaryPoint) else 1


def _type_of(metric: Metric) -> str:
    """Prometheus' type of a metric; a sum that can fall is a gauge there."""
    if metric.sum is not None:
        return "counter" if metric.sum.is_monotonic else "gauge"
    if metric.gauge is not None:
        return "gauge"
    return "summary" if metric.summary is not None else "histogram"


def _values(
    point: NumberPoint | HistogramPoint | SummaryPoint,
) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """The values of a point: suffix of the name, labels beside the point's own, value."""
    if isinstance(point, NumberPoint):
        number = point.as_double if point.as_int is None else float(point.as_int)
        yield "", {}, 0.0 if number is None else number
        return
    if point.sum is not None:
        yield "_sum", {}, point.sum
    yield "_count", {}, float(point.count)
    if isinstance(point, SummaryPoint):
        for quantile in point.quantile_values:
            yield "", {"quantile": plain(quantile.quantile)}, quantile.value
        return
    total = 0
    for bound, number in zip(point.explicit_bounds, point.bucket_counts, strict=False):
        total += number
        yield "_bucket", {"le": plain(bound)}, float(total)
    yield "_bucket", {"le": "+Inf"}, float(point.count)


def _native(point: ExponentialPoint, *, stale: bool) -> FloatHistogram:
    """An exponential histogram as a native one. Raises ValueError where it cannot be one."""
    if point.scale < LOWEST_SCHEMA:
        raise ValueError(f"scale must be >= {LOWEST_SCHEMA}, was {point.scale}")
    down = max(point.scale - HIGHEST_SCHEMA, 0)
    return FloatHistogram(
        schema=min(point.scale, HIGHEST_SCHEMA),
        count=float(point.count),
        sum=STALE_NAN if stale else point.sum or 0.0,
        zero_threshold=_ZERO_THRESHOLD,
        zero_count=float(point.zero_count),
        positive=_buckets(point.positive, down),
        negative=_buckets(point.negative, down),
    )


def _buckets(buckets: Buckets, down: int) -> dict[int, float]:
    """The counts by their places in Prometheus' schema; `down` is by how many steps they are made coarser."""
    if len(buckets.bucket_counts) > _MOST_BUCKETS or abs(buckets.offset) >= 1 << 31:
        raise ValueError(f"a histogram may have {_MOST_BUCKETS} buckets, found {len(buckets.bucket_counts)}")
    counts: dict[int, float] = {}
    for place, count in enumerate(buckets.bucket_counts, start=buckets.offset):
        if count:
            # Place 0 begins at 1 there and ends at 1 here.
            index = (place >> min(down, 64)) + 1
            counts[index] = counts.get(index, 0.0) + count
    return counts


def _attributes(pairs: Sequence[KeyValue]) -> dict[str, str]:
    return {pair.key: text_of(pair.value) for pair in pairs}


def _identifying(resource: Mapping[str, str]) -> dict[str, str]:
    """The labels `job` and `instance` of a resource, as far as it says them."""
    labels = {}
    if _NAME in resource:
        namespace = f"{resource[_NAMESPACE]}/" if _NAMESPACE in resource else ""
        labels["job"] = namespace + resource[_NAME]
    if _INSTANCE in resource:
        labels["instance"] = resource[_INSTANCE]
    return labels


def _labels(pairs: Sequence[KeyValue]) -> dict[str, str]:
    """Attributes as labels; those that become one name are joined with `;`, in the order of their own names."""
    labels: dict[str, str] = {}
    for key, value in sorted(_attributes(pairs).items()):
        name = label_name(key)
        labels[name] = f"{labels[name]};{value}" if name in labels else value
    return labels


def text_of(value: AnyValue) -> str:
    """The value of an attribute as text: lists and mappings as JSON."""
    found = _plain_value(value)
    match found:
        case None:
            return ""
        case str():
            return found
        case bool():
            return str(found).lower()
        case float():
            return plain(found)
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _plain_value(value: AnyValue) -> object:
    if value.array_value is not None:
        return [_plain_value(one) for one in value.array_value.values]
    if value.kvlist_value is not None:
        return {pair.key: _plain_value(pair.value) for pair in value.kvlist_value.values}
    scalars = (value.string_value, value.bool_value, value.int_value, value.double_value, value.bytes_value)
    return next((scalar for scalar in scalars if scalar is not None), None)


def plain(number: float) -> str:
    """A number with as few digits as say it, and without an exponent."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    return format(Decimal(repr(number)).normalize(), "f")


def _milliseconds(nanoseconds: int) -> int:
    return nanoseconds // _NANOSECONDS
