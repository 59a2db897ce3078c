"""Files come to lie in folders of the new side without getting in each other's way."""

from __future__ import annotations

import pytest

from alertd.moving.layout import Layout


@pytest.mark.parametrize(
    ("pattern", "target", "source"),
    [
        ("rules/*.yml", "rules/*.yml", "/etc/prometheus/rules/*.yml"),
        ("./rules//x.yml", "rules/x.yml", "/etc/prometheus/rules/x.yml"),
        ("a/../b/x.yml", "b/x.yml", "/etc/prometheus/b/x.yml"),
        ("*.yml", "usual/*.yml", "/etc/prometheus/*.yml"),
        ("/etc/prometheus/rules/*.yml", "rules/*.yml", "/etc/prometheus/rules/*.yml"),
        ("/srv/rules/*.yml", "usual/*.yml", "/srv/rules/*.yml"),
        ("../rules/*.yml", "usual/*.yml", "/etc/rules/*.yml"),
        ("/x.yml", "usual/x.yml", "/x.yml"),
        ("t/*/x.tmpl", "t/*/x.tmpl", "/etc/prometheus/t/*/x.tmpl"),
    ],
)
def test_place(pattern: str, target: str, source: str) -> None:
    """What lies below the folder keeps its path; everything else goes into the usual folder."""
    placed = Layout("/etc/prometheus").place(pattern, "usual")
    assert (placed.target, placed.source) == (target, source)


def test_two_folders_are_not_mixed() -> None:
    """Files of two folders would match each other's patterns in one."""
    layout = Layout("/etc")
    targets = [layout.place(pattern, "rules").target for pattern in ("/a/*.yml", "/b/*.yml", "/a/x.yml", "rules/*.yml")]
    assert targets == ["rules/*.yml", "rules-2/*.yml", "rules/x.yml", "rules-3/*.yml"]


def test_target_of() -> None:
    """A file keeps its path below its pattern's folder."""
    placed = Layout("/etc").place("/srv/t/*/x.tmpl", "templates")
    assert placed.target_of("/srv/t/team/x.tmpl") == "templates/team/x.tmpl"
