"""What Prometheus tells of expressions without any samples: layout, tree, exemplars."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from alertd.api.auth import CurrentService, Viewer
from alertd.api.prometheus.answers import Failed, answer
from alertd.api.prometheus.forms import EARLIEST, LATEST, Form, form_of
from alertd.api.prometheus.trees import tree_of
from alertd.promql import ParseError, parse, prettify, selectors

router = APIRouter()

_BOTH = ["GET", "POST"]

Parameters = Annotated[Form, Depends(form_of)]


@router.api_route("/format_query", methods=_BOTH)
async def format_query(service: CurrentService, _identity: Viewer, form: Parameters) -> Response:
    """The expression laid out over lines."""
    return answer(prettify(form.expression(service)))


@router.api_route("/parse_query", methods=_BOTH)
async def parse_query(service: CurrentService, _identity: Viewer, form: Parameters) -> Response:
    """The syntax tree of the expression."""
    return answer(tree_of(form.expression(service)))


@router.api_route("/query_exemplars", methods=_BOTH)
async def query_exemplars(_identity: Viewer, form: Parameters) -> Response:
    """The exemplars of the series of an expression, of which alertd keeps none; no content where it has no series."""
    start, end = form.time("start", EARLIEST), form.time("end", LATEST)
    if end < start:
        raise Failed("end timestamp must not be before start timestamp")
    try:
        expr = parse(form.text("query"))
    except ParseError as error:
        raise Failed(str(error)) from error
    return answer([]) if selectors(expr) else Response(status_code=HTTPStatus.NO_CONTENT)
