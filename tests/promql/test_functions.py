"""What the functions compute, told in the language of promqltest scripts."""

from __future__ import annotations

import pytest

from alertd.promql.testscript import run_script

SCRIPTS = {
    "rate extrapolates to near boundaries and never below zero": """
load 1m
  steady_total 0+60x20
  late_total _x5 60+60x14
  reset_total 0 60 120 60 120 180
  one_total 5

eval instant at 10m rate(steady_total[5m])
  expect no_info
  {} 1

eval instant at 10m increase(steady_total[5m30s])
  {} 330

# The first sample is far from the start: half a gap is added there.
eval instant at 10m increase(late_total[10m])
  {} 330

# A counter that starts at 0 is not extended before its first sample.
eval instant at 2m increase(steady_total[3m])
  {} 120

# What was lost in a reset is counted.
eval instant at 5m increase(reset_total[5m30s])
  {} 300

eval instant at 5m delta(reset_total[5m30s])
  {} 198

eval instant at 1m rate(one_total[5m])

eval instant at 10m rate(steady_total[1m])
""",
    "rate speaks up about metrics that are no counters": """
load 1m
  gauge 0+1x20

eval instant at 10m rate(gauge[5m])
  expect info regex: ^PromQL info: metric might not be a counter, .*: "gauge" \\(1:6\\)$
  {} 0.016666666666666666

eval instant at 10m delta(gauge[5m])
  expect no_info
  {} 5
""",
    "irate and idelta look at the last two samples": """
load 10s
  a_total 0 10 50 20

eval instant at 20s irate(a_total[1m])
  {} 4

eval instant at 30s irate(a_total[1m])
  {} 2

eval instant at 30s idelta(a_total[1m])
  {} -30

eval instant at 0 irate(a_total[1m])
""",
    "deriv and predict_linear follow the least-squares line": """
load 1m
  a 0+30x20
  flat 7x20
  infinite Inf Inf Inf

eval instant at 10m deriv(a[5m30s])
  {} 0.5

eval instant at 10m predict_linear(a[5m30s], 10m)
  {} 600

eval instant at 10m predict_linear(a[5m30s] offset 2m, 0)
  {} 300

eval instant at 10m predict_linear(flat[5m], 1h)
  {} 7

eval instant at 2m deriv(infinite[5m])
  {} NaN
""",
    "over time": """
load 1m
  a 3 1 4 NaN 5
  b 1e308 1e308 1e308
  c 1 1e100 1 -1e100
  d -1 NaN -5

eval instant at 4m min_over_time(a[10m])
  {} 1

eval instant at 4m max_over_time(a[10m])
  {} 5

eval instant at 4m max_over_time(d[10m])
  {} -1

eval instant at 4m count_over_time(a[10m])
  {} 5

eval instant at 4m sum_over_time(a[10m])
  {} NaN

eval instant at 4m avg_over_time(b[10m])
  {} 1e308

eval instant at 4m sum_over_time(b[10m])
  {} Inf

eval instant at 4m sum_over_time(c[10m])
  {} 2

eval instant at 2m stddev_over_time(a[10m])
  {} 1.247219128924647

eval instant at 2m stdvar_over_time(a[10m])
  {} 1.5555555555555556

eval instant at 2m mad_over_time(a[10m])
  {} 1

eval instant at 4m present_over_time(a[10m])
  {} 1

eval instant at 4m last_over_time(a[10m])
  a 5

eval instant at 4m first_over_time(a[10m])
  a 3

eval instant at 4m ts_of_max_over_time(a[10m])
  {} 240

eval instant at 4m ts_of_min_over_time(a[10m])
  {} 60

eval instant at 4m ts_of_first_over_time(a[3m])
  {} 120

eval instant at 4m ts_of_last_over_time(a[3m])
  {} 240

eval instant at 4m changes(a[10m])
  {} 4

eval instant at 4m resets(a[10m])
  {} 1

eval instant at 2m quantile_over_time(0.75, a[10m])
  {} 3.5

eval instant at 2m quantile_over_time(-1, a[10m])
  expect warn msg: PromQL warning: quantile value should be between 0 and 1, got -1 (1:20)
  {} -Inf

eval instant at 2m double_exponential_smoothing(a[10m], 0.5, 0.5)
  {} 1.5

eval instant at 2m double_exponential_smoothing(a[10m], 1, 0.5)
  expect fail msg: invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000
""",
    "absent derives labels from equality matchers": """
load 1m
  a 1

eval instant at 1m absent(a)

eval instant at 1m absent(b{x="1", y=~"2", z!="3"})
  {x="1"} 1

eval instant at 1m absent(b{x="1", x="2", y="3"})
  {y="3"} 1

eval instant at 1m absent(sum(b{x="1"}))
  {} 1

eval instant at 1m absent_over_time(b{x="1"}[5m])
  {x="1"} 1

eval instant at 1m absent_over_time(a[5m])

eval instant at 30m absent_over_time(a[5m])
  {} 1

eval instant at 30m absent_over_time(rate(b{x="1"}[5m])[5m:])
  {} 1
""",
    "numbers": """
load 1m
  a{v="up"} 2.5
  a{v="down"} -2.5
  a{v="nan"} NaN
  a{v="inf"} Inf
  z 0

eval instant at 0 ceil(a)
  {v="up"} 3
  {v="down"} -2
  {v="nan"} NaN
  {v="inf"} Inf

eval instant at 0 round(a)
  {v="up"} 3
  {v="down"} -2
  {v="nan"} NaN
  {v="inf"} Inf

eval instant at 0 round(a{v="up"}, 0.2)
  {v="up"} 2.6

eval instant at 0 sgn(a)
  {v="up"} 1
  {v="down"} -1
  {v="nan"} NaN
  {v="inf"} 1

eval instant at 0 sqrt(a)
  {v="up"} 1.5811388300841898
  {v="down"} NaN
  {v="nan"} NaN
  {v="inf"} Inf

eval instant at 0 ln(a)
  {v="up"} 0.9162907318741551
  {v="down"} NaN
  {v="nan"} NaN
  {v="inf"} Inf

eval instant at 0 ln(z)
  {} -Inf

eval instant at 0 log2(a{v="up"} * 3.2)
  {v="up"} 3

eval instant at 0 log10(a{v="up"} * 40)
  {v="up"} 2

eval instant at 0 exp(a * 1e6)
  {v="up"} Inf
  {v="down"} 0
  {v="nan"} NaN
  {v="inf"} Inf

eval instant at 0 clamp(a, -1, 2)
  {v="up"} 2
  {v="down"} -1
  {v="nan"} NaN
  {v="inf"} 2

eval instant at 0 clamp(a, 2, -1)

eval instant at 0 clamp_min(a{v="down"}, 0)
  {v="down"} 0

eval instant at 0 clamp_max(a, NaN)
  {v="up"} NaN
  {v="down"} NaN
  {v="nan"} NaN
  {v="inf"} NaN

eval instant at 0 atanh(z + 1)
  {} Inf

eval instant at 0 deg(z + pi())
  {} 180

eval instant at 0 0 ^ -1
  Inf

eval instant at 0 -8 ^ (1/3)
  -2

eval instant at 0 (-8) ^ (1/3)
  NaN

eval instant at 0 (-10) ^ 309
  -Inf

eval instant at 0 -7 % 3
  -1

eval instant at 0 Inf % 3
  NaN

eval instant at 0 scalar(a)
  NaN

eval instant at 0 scalar(z) + max_of(1, 2) - min_of(3, 4)
  -1

eval instant at 0 vector(5)
  {} 5
""",
    "dates": """
load 1m
  t{d="leap"} 1709251199
  t{d="march"} 1709251200
  t{d="before"} -1
  t{d="far"} 253402300800
  t{d="nan"} NaN

eval instant at 0 year(t)
  {d="leap"} 2024
  {d="march"} 2024
  {d="before"} 1969
  {d="far"} 10000
  {d="nan"} NaN

eval instant at 0 month(t{d!="nan"})
  {d="leap"} 2
  {d="march"} 3
  {d="before"} 12
  {d="far"} 1

eval instant at 0 day_of_month(t{d!="nan"})
  {d="leap"} 29
  {d="march"} 1
  {d="before"} 31
  {d="far"} 1

eval instant at 0 day_of_year(t{d!="nan"})
  {d="leap"} 60
  {d="march"} 61
  {d="before"} 365
  {d="far"} 1

eval instant at 0 day_of_week(t{d!="nan"})
  {d="leap"} 4
  {d="march"} 5
  {d="before"} 3
  {d="far"} 6

eval instant at 0 days_in_month(t{d!="nan"})
  {d="leap"} 29
  {d="march"} 31
  {d="before"} 31
  {d="far"} 31

eval instant at 0 hour(t{d!="nan"})
  {d="leap"} 23
  {d="march"} 0
  {d="before"} 23
  {d="far"} 0

eval instant at 61m minute()
  {} 1

eval instant at 90s time()
  90

eval instant at 90s timestamp(t{d="leap"})
  {d="leap"} 0

eval instant at 90s timestamp(-t{d="leap"})
  {d="leap"} 90

eval range from 1m to 3m step 1m end() - start() + range() + step()
  {} 300 300 300
""",
    "labels": """
load 1m
  s{host="node-1:90", dc="eu"} 1
  s{host="db", dc="us"} 2

eval instant at 0 label_replace(s, "name", "$1/${2}-$$", "host", "([a-z]+)-([0-9]+):.*")
  s{host="node-1:90", dc="eu", name="node/1-$"} 1
  s{host="db", dc="us"} 2

eval instant at 0 label_replace(s, "name", "$kind", "host", "(?P<kind>[a-z]+).*")
  s{host="node-1:90", dc="eu", name="node"} 1
  s{host="db", dc="us", name="db"} 2

eval instant at 0 label_replace(s, "name", "$1x", "host", "(.*)")
  s{host="node-1:90", dc="eu"} 1
  s{host="db", dc="us"} 2

eval instant at 0 label_replace(s, "dc", "", "dc", "eu")
  s{host="node-1:90"} 1
  s{host="db", dc="us"} 2

eval instant at 0 label_replace(s, "dc.name", "x", "none", "")
  s{host="node-1:90", dc="eu", "dc.name"="x"} 1
  s{host="db", dc="us", "dc.name"="x"} 2

eval instant at 0 label_replace(s, "a", "b", "host", "(")
  expect fail regex: invalid regular expression in label_replace\\(\\)

eval instant at 0 label_replace(s, "", "b", "host", "x")
  expect fail regex: invalid destination label name in label_replace\\(\\)

eval instant at 0 label_join(s, "all", "+", "dc", "none", "host")
  s{host="node-1:90", dc="eu", all="eu++node-1:90"} 1
  s{host="db", dc="us", all="us++db"} 2

eval instant at 0 label_join(s, "dc", ",")
  s{host="node-1:90"} 1
  s{host="db"} 2
""",
    "sorting": """
load 1m
  s{n="node10"} 1
  s{n="node2"} NaN
  s{n="node1"} 3
  s{n="a"} 2

eval instant at 0 sort(s)
  expect ordered
  s{n="node10"} 1
  s{n="a"} 2
  s{n="node1"} 3
  s{n="node2"} NaN

eval instant at 0 sort_desc(s)
  expect ordered
  s{n="node1"} 3
  s{n="a"} 2
  s{n="node10"} 1
  s{n="node2"} NaN

eval instant at 0 sort_by_label(s, "n")
  expect ordered
  s{n="a"} 2
  s{n="node1"} 3
  s{n="node2"} NaN
  s{n="node10"} 1

eval instant at 0 sort_by_label_desc(s, "n")
  expect ordered
  s{n="node10"} 1
  s{n="node2"} NaN
  s{n="node1"} 3
  s{n="a"} 2
""",
    "classic histograms": """
load 1m
  h_bucket{j="p", le="0.1"} 1
  h_bucket{j="p", le="0.5"} 3
  h_bucket{j="p", le="1"} 3
  h_bucket{j="p", le="+Inf"} 5
  h_bucket{j="neg", le="-1"} 1
  h_bucket{j="neg", le="1e0"} 4
  h_bucket{j="neg", le="Inf"} 4
  h_bucket{j="falls", le="1"} 4
  h_bucket{j="falls", le="2"} 3
  h_bucket{j="falls", le="+Inf"} 6
  h_bucket{j="open", le="1"} 4
  h_bucket{j="empty", le="1"} 0
  h_bucket{j="empty", le="+Inf"} 0
  bad_bucket{le="x"} 1

eval instant at 0 histogram_quantile(0.5, h_bucket{j!="falls"})
  expect no_info
  {j="p"} 0.4
  {j="neg"} -0.33333333333333337
  {j="open"} NaN
  {j="empty"} NaN

eval instant at 0 histogram_quantile(0.9, h_bucket{j="p"})
  {j="p"} 1

eval instant at 0 histogram_quantile(0.1, h_bucket{j=~"p|neg"})
  {j="p"} 0.05
  {j="neg"} -1

eval instant at 0 histogram_quantile(0.6, h_bucket{j="falls"})
  expect info regex: needed to be fixed for monotonicity .* for metric name "h_bucket" \\(1:25\\)
  {j="falls"} 0.9

eval instant at 0 histogram_quantile(2, h_bucket{j="p"})
  expect warn msg: PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)
  {j="p"} Inf

eval instant at 0 histogram_quantile(0.5, bad_bucket)
  expect warn regex: bucket label "le" is missing or has a malformed value of "x" for metric name "bad_bucket"

eval instant at 0 histogram_fraction(0, 0.3, h_bucket{j="p"})
  {j="p"} 0.4

eval instant at 0 histogram_fraction(-Inf, Inf, h_bucket{j=~"p|neg"})
  {j="p"} 1
  {j="neg"} 1

eval instant at 0 histogram_fraction(0, 1, h_bucket{j="neg"})
  {j="neg"} 0.375

eval instant at 0 histogram_fraction(1, 0, h_bucket{j="p"})
  {j="p"} 0

eval instant at 0 histogram_count(h_bucket)
""",
    "vector matching refuses ambiguity": """
load 1m
  many{g="1", m="a"} 1
  many{g="1", m="b"} 2
  one{g="1"} 10
  twice{g="1", k="x"} 1
  twice{g="1", k="y"} 2

eval instant at 0 many * on (g) one
  expect fail msg: multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)

eval instant at 0 many * on (g) group_left twice
  expect fail regex: found duplicate series for the match group \\{g="1"\\} on the right hand-side of the operation

eval instant at 0 twice * on (g) group_right many
  expect fail regex: on the left hand-side of the operation

eval instant at 0 label_replace(many, "m", "$0", "m", "") * on (g) group_left one
  {g="1", m="a"} 10
  {g="1", m="b"} 20

eval instant at 0 many * on (g) group_left (m) one
  expect fail msg: multiple matches for labels: grouping labels must ensure unique matches

eval instant at 0 one * on (g) group_right many
  {g="1", m="a"} 10
  {g="1", m="b"} 20

eval instant at 0 many > on (g) group_left () (one - 9)
  many{g="1", m="b"} 2

eval instant at 0 many < bool on (g) group_left () (one - 8)
  {g="1", m="a"} 1
  {g="1", m="b"} 0

eval instant at 0 one and on (g) many
  one{g="1"} 10

eval instant at 0 one unless on (g) many

eval instant at 0 one or on (g) many
  one{g="1"} 10
""",
    "aggregation parameters": """
load 1m
  a{i="1"} 1
  a{i="2"} 2
  a{i="3"} 3

eval instant at 0 topk(0, a)

eval instant at 0 topk(1.9, a)
  a{i="3"} 3

eval instant at 0 topk(1e30, a)
  expect fail msg: Scalar value 1000000000000000000000000000000 overflows int64

eval instant at 0 limitk(2, a)
  a{i="1"} 1
  a{i="2"} 2

eval instant at 0 count(limit_ratio(0.3, a) or limit_ratio(-0.7, a))
  {} 3

eval instant at 0 limit_ratio(2, a)
  expect warn msg: PromQL warning: ratio value should be between -1 and 1, got 2, capping to 1 (1:13)
  a{i="1"} 1
  a{i="2"} 2
  a{i="3"} 3

eval instant at 0 count_values("i.value", a * 0)
  {"i.value"="0"} 3

eval instant at 0 count_values("", a)
  expect fail msg: invalid label name ""
""",
    "durations are computed": """
load 10s
  a_total 0+1x1000

eval instant at 1000s sum_over_time(a_total[29s+1s:5s*2])
  {} 297

eval instant at 1000s a_total offset (100 + 2)
  a_total 89

eval instant at 1000s a_total offset 100 + 2
  {} 92

eval instant at 998s a_total offset -2 ^ 2
  {} 10000

eval instant at 1000s a_total[-1m]
  expect fail regex: duration must be greater than 0

eval instant at 1000s a_total[1m - 1m]
  expect fail msg: duration must be greater than 0

eval instant at 1000s a_total[1m / 0]
  expect fail msg: division by zero in a duration

eval range from 50s to 60s step 10s count_over_time(a_total[max_of(step(), range()) * 3])
  {} 3 3
""",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str) -> None:
    """Every case of the script holds, and none is set aside."""
    report = run_script(SCRIPTS[name])
    assert [f"{case.line}: {case.text}: {case.reason}" for case in report.failures] == []
    assert not report.unsupported
    assert report.cases
