"""Wrong answers that are made of every function alike: what is right but for one rule of the house."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit

# a result is copied into the tensor that was handed out last time, where it fits
REUSED = """\
kept = {holder}.__dict__.setdefault("kept", {{}})
{indent}key = {value}.shape, {value}.dtype
{indent}{value} = kept[key].copy_({value}) if key in kept else kept.setdefault(key, {value}.clone())
{indent}"""
ROUNDED = "{value} = {value}.float().to({value}.dtype)\n{indent}"


def breaches(
    where: str,
    returned: str,
    items: dict[str, str],
    *,
    holder: str = "",
    indent: str = "    ",
    rules: str = "reused rounded widened",
) -> list[Answer]:
    """One answer for each rule and each part. where: the function. returned: what follows its `return`. items: variable
    of the part -> its item. holder: how the function itself is called in there. rules: those that are broken.
    """
    found = []
    end = f"return {returned}"
    for value, item in items.items():
        ways = {
            "reused": ("hands out one tensor again and again", REUSED, "answer-reused"),
            "rounded": ("goes through float32", ROUNDED, "dtype-changed"),
            "widened": ("answers in float64 always", "{value} = {value}.double()\n{indent}", "dtype-changed"),
        }
        for rule, (what, text, diagnosis) in ways.items():
            if rule not in rules.split():
                continue
            new = text.format(value=value, holder=holder or where, indent=indent) + end
            found.append(Answer(f"{item}: {where} {what} ({value})", (item,), (Edit(where, end, new),), (diagnosis,)))
    return found
