"""The report's pictures, as SVG inside the page, each with its numbers as its label for those who hear the page.

Only numbers and our own words go in, so they may stand unescaped.
"""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup


def histogram(counts: list[int]) -> Markup:
    """How many students by tenths of the points."""
    width, height, most = 320, 110, max([*counts, 1])
    step = width / len(counts)
    parts = []
    for place, count in enumerate(counts):
        tall = 70 * count / most
        x, y = place * step + 2, 85 - tall
        parts.append(f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{step - 4:.1f}" height="{tall:.1f}" rx="2"/>')
        if count:
            parts.append(f'<text x="{x + step / 2 - 2:.1f}" y="{y - 4:.1f}" text-anchor="middle">{count:d}</text>')
    for place in range(0, 11, 2):
        anchor = "start" if place == 0 else "end" if place == 10 else "middle"
        parts.append(f'<text x="{place * step:.1f}" y="102" text-anchor="{anchor}">{place * 10}%</text>')
    told = [f"{count} from {10 * place} to {10 * place + 10} %" for place, count in enumerate(counts) if count]
    label = f"Students by share of the points: {', '.join(told) or 'none'}"
    return _svg(width, height, label, 85.5, parts)


def timeline(hand_ins: list[tuple[str, int, float]]) -> Markup:
    """When hand-ins came and what they earned: (received as ISO 8601, seconds late, share of the points)."""
    read = [(_moment(when), late, share) for when, late, share in hand_ins]
    times = [(when, late, share) for when, late, share in read if when is not None]
    if not times:
        return Markup("")
    width, height = 320, 130
    first, last = min(when for when, *_ in times), max(when for when, *_ in times)
    span = max(last - first, 1.0)

    def across(when: float) -> float:
        return 14 + (width - 28) * (when - first) / span

    parts, ends = [], [datetime.fromtimestamp(when, UTC).strftime("%d %b %H:%M UTC") for when in (first, last)]
    due = next((when - late for when, late, _ in times if late > 0), None)
    if due is not None and first <= due <= last:
        parts.append(f'<line class="due" x1="{across(due):.1f}" y1="8" x2="{across(due):.1f}" y2="100"/>')
        parts.append(f'<text x="{across(due) - 4:.1f}" y="14" text-anchor="end">due</text>')
    for when, late, share in sorted(times):
        kind = "late" if late > 0 else "bar"
        parts.append(f'<circle class="{kind}" cx="{across(when):.1f}" cy="{94 - 76 * share:.1f}" r="4"/>')
    for words, anchor, x in ((ends[0], "start", 2), (ends[1], "end", width - 2)):
        parts.append(f'<text x="{x}" y="118" text-anchor="{anchor}">{words}</text>')
    parts.append('<text x="2" y="14">100%</text><text x="2" y="92">0%</text>')
    groups = {"in time": [share for _, seconds, share in times if seconds <= 0],
              "late": [share for _, seconds, share in times if seconds > 0]}  # fmt: skip
    means = [f"{len(group)} {kind}, mean {sum(group) / len(group):.0%}" for kind, group in groups.items() if group]
    label = f"Share of the points by time of hand-in, {ends[0]} to {ends[1]}: {'; '.join(means)}"
    return _svg(width, height, label, 101.5, parts)


def _moment(text: str) -> float | None:
    """Seconds since 1970, or None where the text is no time; one without a zone is UTC, as in nbgrader."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _svg(width: int, height: int, label: str, axis: float, parts: list[str]) -> Markup:
    line = f'<line class="axis" x1="0" y1="{axis}" x2="{width}" y2="{axis}"/>'
    return Markup(f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{line}{"".join(parts)}</svg>')
