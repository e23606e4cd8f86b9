"""What `submit` shows: one line for each thing it looked at, for a notebook, a terminal and plain text."""

from __future__ import annotations

from html import escape

from toolbox.checks.table import CELL, GREEN, RED

ORANGE = "#9a6700"
SIGNS = {
    "ok": ("✓", GREEN, "green"),
    "ask": ("?", ORANGE, "yellow"),
    "missing": ("○", ORANGE, "yellow"),
    "problem": ("✗", RED, "red"),
}


def headline(hand_in) -> str:
    missing = sum(line.state == "missing" for line in hand_in.lines)
    problems = sum(line.state == "problem" for line in hand_in.lines)
    questions = sum(line.state == "ask" for line in hand_in.lines)
    if hand_in.complete:
        asked = f" {questions} question(s) first: see below." if questions else ""
        return f"{hand_in.assignment}: complete.{asked} Hand in the file below."
    parts = [f"{missing} still to do" if missing else "", f"{problems} to repair" if problems else ""]
    return f"{hand_in.assignment}: {' and '.join(filter(None, parts))}. You can hand it in as it is, or go on first."


def as_text(hand_in) -> str:
    width = max(len(line.what) for line in hand_in.lines)
    rows = [f"  {SIGNS[line.state][0]} {line.what.ljust(width)}  {line.found}" for line in hand_in.lines]
    return "\n".join([headline(hand_in), *rows, f"written: {hand_in.path}"])


def as_html(hand_in) -> str:
    rows = "".join(
        f'<tr><td style="{CELL};color:{SIGNS[line.state][1]}">{SIGNS[line.state][0]}</td>'
        f'<td style="{CELL}">{escape(line.what)}</td><td style="{CELL}">{escape(line.found)}</td></tr>'
        for line in hand_in.lines
    )
    colour = GREEN if hand_in.complete else ORANGE
    return (
        f'<div style="border-left:4px solid {colour};padding-left:10px;margin:4px 0;color:#1f2328;background:#fff">'
        f'<div style="font-weight:600;color:{colour}">{escape(headline(hand_in))}</div>'
        f'<table style="border-collapse:collapse;font-size:13px">{rows}</table>'
        f"<div>written: <code>{escape(str(hand_in.path))}</code></div></div>"
    )


def print_rich(hand_in) -> None:
    """The same in a terminal, in colours where it has them."""
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        print(as_text(hand_in))
        return
    console = Console()
    table = Table(show_header=False, box=None, padding=(0, 1))
    for line in hand_in.lines:
        sign, _, colour = SIGNS[line.state]
        table.add_row(Text(sign, style=colour), Text(line.what), Text(line.found))
    console.print(Text(headline(hand_in), style="bold"))
    console.print(table)
    console.print(Text(f"written: {hand_in.path}"), soft_wrap=True)
