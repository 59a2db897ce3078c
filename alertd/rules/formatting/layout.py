"""Writes a rule file's tree: two blanks for each level, keys in one order, comments where they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alertd.rules.formatting.scalars import expression, in_one_line, kept
from alertd.rules.formatting.tree import Alias, Collection, Element, Node, Scalar, Tree

_STEP = 2
_WIDEST_FLOW = 120
_GROUP = ("name", "type", "interval", "query_offset", "eval_offset", "eval_delay", "eval_alignment", "limit")
_RULE = ("alert", "record", "name", "expr", "condition", "for", "keep_firing_for", "levels", "severity", "cooldown")
_LAST = ("labels", "annotations", "description", "rules")
_EXPRESSIONS = frozenset(("expr", "condition"))


@dataclass(frozen=True)
class Layout:
    """Writes trees; `print_expr` makes the text of an expression of what was written, None to leave it so."""

    print_expr: Callable[[str], str | None]

    def write(self, tree: Tree) -> str:
        """The whole text."""
        lines = [] if tree.head is None else [*_trimmed(tree.head), "---"]
        lines += self._node(tree.root, 0, ())
        foot = tree.foot if lines else _trimmed(tree.foot)
        return "\n".join([*lines, *foot]).strip("\n") + "\n"

    def _node(self, node: Node, indent: int, path: tuple[str, ...]) -> list[str]:
        """The lines of a value that stands by itself, each indented."""
        if not isinstance(node, Collection) or not node.elements or self._as_flow(node, indent, path):
            return [" " * indent + line if line else "" for line in self._inline(node, indent, path)]
        lines: list[str] = []
        for element in self._ordered(node, path):
            written = self._entry(element, indent, path) if node.mapping else self._item(element, indent, path)
            # An empty line separates, so that none stands before the first.
            lines += written if lines else _trimmed(written)
        margin = " " * indent
        return lines + [margin + comment if comment else "" for comment in node.below]

    def _entry(self, element: Element, indent: int, path: tuple[str, ...]) -> list[str]:
        key = element.key or ""
        path = (*path, key.strip("'\""))
        value = element.value
        behind = "".join(f"  {comment}" for comment in element.behind)
        margin = " " * indent
        lines = [margin + comment if comment else "" for comment in element.above]
        if isinstance(value, Collection) and value.elements and not self._as_flow(value, indent + len(key) + 2, path):
            opening = f"{margin}{key}: {value.prefix}".rstrip()
            return [*lines, opening + behind, *self._node(value, indent + _STEP, path)]
        first, *others = self._inline(value, indent, path)
        return [*lines, f"{margin}{key}: {first}".rstrip() + behind, *others]

    def _item(self, element: Element, indent: int, path: tuple[str, ...]) -> list[str]:
        path = (*path, "-")
        margin = " " * indent
        value = element.value
        comments = list(element.above)
        if isinstance(value, Collection) and value.elements and not self._as_flow(value, indent + _STEP, path):
            comments += element.behind
            lines = self._node(value, indent + _STEP, path)
            if value.prefix:
                lines.insert(0, " " * (indent + _STEP) + value.prefix.strip())
            while lines[0].lstrip().startswith("#") or not lines[0]:
                comments.append(lines.pop(0).strip())
            lines[0] = f"{margin}- {lines[0].lstrip()}"
        else:
            first, *lines = self._inline(value, indent, path)
            behind = "".join(f"  {comment}" for comment in element.behind)
            lines.insert(0, f"{margin}- {first}".rstrip() + behind)
        return [*(margin + comment if comment else "" for comment in comments), *lines]

    def _inline(self, node: Node, indent: int, path: tuple[str, ...]) -> list[str]:
        """A value that begins behind its key or dash: its first line, and the others indented."""
        match node:
            case Alias():
                return [node.source]
            case Collection():
                return [self._flow(node)]
        if path[-1:] and path[-1] in _EXPRESSIONS and _holds_rule(path[:-1]):
            text = self.print_expr(node.value)
            if text is not None:
                first, *others = expression(text, indent + _STEP)
                return [node.prefix + first, *others]
        return kept(node, indent + _STEP)

    def _flow(self, node: Node) -> str:
        match node:
            case Alias():
                return node.source
            case Scalar():
                return in_one_line(node)
        if node.mapping:
            entries = (f"{element.key}: {self._flow(element.value)}".rstrip() for element in node.elements)
            return f"{node.prefix}{{{', '.join(entries)}}}"
        return f"{node.prefix}[{', '.join(self._flow(element.value) for element in node.elements)}]"

    def _as_flow(self, node: Collection, indent: int, path: tuple[str, ...]) -> bool:
        """Whether a collection stays in braces: it was written so, is short, and is no group and no rule."""
        if not node.flow or _has_comments(node) or path[-1:] in ((), ("groups",), ("alerting",), ("rules",)):
            return False
        if _holds_rule(path) or path[-2:] == ("groups", "-"):
            return False
        return indent + len(self._flow(node)) <= _WIDEST_FLOW

    def _ordered(self, node: Collection, path: tuple[str, ...]) -> list[Element]:
        if not node.mapping or _has_aliases(node):
            # An alias must stand behind its anchor, and a merge key is best read where it was.
            return node.elements
        order: tuple[str, ...] = ()
        if _holds_rule(path):
            order = _RULE
        elif path[-2:] == ("groups", "-") or path == ("alerting",):
            order = _GROUP
        if not order:
            return node.elements
        return sorted(node.elements, key=lambda element: _rank(element, order))


def _rank(element: Element, order: tuple[str, ...]) -> int:
    key = (element.key or "").strip("'\"")
    if key in order:
        return order.index(key)
    return len(order) + (1 + _LAST.index(key) if key in _LAST else 0)


def _holds_rule(path: tuple[str, ...]) -> bool:
    return path in (("groups", "-", "rules", "-"), ("alerting", "rules", "-"))


def _has_comments(node: Collection) -> bool:
    if node.below:
        return True
    return any(
        element.above or element.behind or (isinstance(element.value, Collection) and _has_comments(element.value))
        for element in node.elements
    )


def _has_aliases(node: Node) -> bool:
    if isinstance(node, Collection):
        return bool(node.prefix) or any(_has_aliases(element.value) for element in node.elements)
    return isinstance(node, Alias) or bool(node.prefix)


def _trimmed(lines: list[str]) -> list[str]:
    """The lines without empty ones at the beginning."""
    return next((lines[place:] for place, line in enumerate(lines) if line), [])
