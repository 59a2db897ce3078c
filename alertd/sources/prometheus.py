"""A source that is a Prometheus: its HTTP API answers the expressions (also Thanos', Mimir's, VictoriaMetrics')."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from alertd.clock import SECOND
from alertd.http import HttpClient, HttpError, HttpErrorKind, Response, origin
from alertd.promql import Expr
from alertd.sources.base import Answer, Failure, Pairs, SourceError

_FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
_MAX_BODY = 256 << 20
_MAX_QUOTED = 200
_FAILURES = {
    "bad_data": Failure.BAD_EXPRESSION,
    "execution": Failure.BAD_EXPRESSION,
    "timeout": Failure.TIMEOUT,
    "canceled": Failure.TIMEOUT,
}


class _Data(msgspec.Struct, rename="camel"):
    result_type: str
    result: msgspec.Raw


class _Envelope(msgspec.Struct, rename="camel"):
    status: str
    data: _Data | None = None
    warnings: tuple[str, ...] = ()
    error_type: str = ""
    error: str = ""


class _Sample(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str] | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_VECTOR = msgspec.json.Decoder(list[_Sample])
_SCALAR = msgspec.json.Decoder(tuple[float, str])


class PrometheusSource:
    """Asks one Prometheus; at most `concurrency` queries at a time, the others wait their turn.

    `url` is the server's address with its path prefix, if it has one. `time_limit` (milliseconds) bounds one try, and
    the server is told of it. A connection that fails is tried again `retries` times, each after twice the delay of
    the last, from `retry_delay` milliseconds; an answer of any kind and a time-out are not tried again.
    """

    def __init__(
        self,
        client: HttpClient,
        url: str,
        *,
        time_limit: int = 30 * SECOND,
        retries: int = 2,
        retry_delay: int = SECOND // 2,
        concurrency: int = 8,
    ) -> None:
        self._client = client
        self._url = url.rstrip("/") + "/api/v1/query"
        self._server = origin(url)
        self._time_limit = time_limit
        self._retries = retries
        self._retry_delay = retry_delay
        self._turns = asyncio.Semaphore(concurrency)

    def asked_with(self, params: Pairs, headers: Pairs) -> AskedWith:
        """The same source, which still takes its turns, with these in every request."""
        return AskedWith(self, params, headers)

    async def query(self, expr: Expr, at: int) -> Answer:
        """The instant value of `expr` at `at` (milliseconds), with the server's warnings. Raises SourceError."""
        return await self.ask(expr, at)

    async def ask(self, expr: Expr, at: int, params: Pairs = (), headers: Pairs = ()) -> Answer:
        """As `query`, with further parameters and headers of HTTP. Raises SourceError."""
        url = f"{self._url}?{urlencode(params)}" if params else self._url
        form = {"query": str(expr), "time": f"{at / 1000:.3f}", "timeout": f"{self._time_limit}ms"}
        async with self._turns:
            response = await self._post(url, urlencode(form).encode(), {**_FORM, **dict(headers)})
        return self._read(response)

    async def _post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Response:
        tries = 0
        while True:
            try:
                return await self._client.post(url, content, headers, time_limit=self._time_limit, max_body=_MAX_BODY)
            except HttpError as error:
                if error.kind is not HttpErrorKind.CONNECTION or tries >= self._retries:
                    failure = Failure.TIMEOUT if error.kind is HttpErrorKind.TIMEOUT else Failure.UNREACHABLE
                    raise SourceError(failure, str(error)) from error
            await asyncio.sleep(self._retry_delay * 2**tries / 1000)
            tries += 1

    def _read(self, response: Response) -> Answer:
        if response.truncated:
            raise SourceError(Failure.SERVER, f"{self._server} answered more than {_MAX_BODY >> 20} MiB")
        try:
            envelope = _ENVELOPE.decode(response.body)
        except msgspec.DecodeError:
            text = response.text.strip().partition("\n")[0][:_MAX_QUOTED] or "nothing"
            sentence = f"{self._server} answered {response.status} with no Prometheus answer: {text}"
            raise SourceError(Failure.SERVER, sentence) from None
        if envelope.data is None:
            failure = _FAILURES.get(envelope.error_type, Failure.SERVER)
            # What is wrong with an expression needs no word before it, as in Prometheus' own rules.
            plain = failure is Failure.BAD_EXPRESSION and envelope.error
            raise SourceError(failure, envelope.error if plain else f"{envelope.error_type}: {envelope.error}")
        try:
            return _answer(envelope.data, envelope.warnings)
        except (msgspec.DecodeError, ValueError) as error:
            raise SourceError(Failure.SERVER, f"{self._server} answered what cannot be read: {error}") from error


class AskedWith:
    """A Prometheus that is asked with parameters and headers of its own."""

    def __init__(self, source: PrometheusSource, params: Pairs, headers: Pairs) -> None:
        self._source = source
        self._params = params
        self._headers = headers

    async def query(self, expr: Expr, at: int) -> Answer:
        """What the source answers. Raises SourceError."""
        return await self._source.ask(expr, at, self._params, self._headers)


def _answer(data: _Data, warnings: tuple[str, ...]) -> Answer:
    if data.result_type == "scalar":
        return Answer([({}, float(_SCALAR.decode(data.result)[1]))], warnings)
    if data.result_type != "vector":
        raise SourceError(Failure.BAD_EXPRESSION, "rule result is not a vector or scalar")
    series = _VECTOR.decode(data.result)
    samples = [(one.metric, float(one.value[1])) for one in series if one.value is not None]
    left_out = len(series) - len(samples)
    if left_out:
        warnings = (*warnings, f"{left_out} native histograms were left out of the result")
    return Answer(samples, warnings)
