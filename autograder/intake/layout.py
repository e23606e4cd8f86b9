"""What stands around the hand-ins of a download: the LMS's one zip, the one folder in it; or a single hand-in.

Only what a person gave is looked into: a zip that carries a student's name, or that a platform calls a hand-in, is one,
whatever the names in it say.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from autograder.records.receipt import Refused

from . import platforms
from .archive import SPOOLED
from .download import Entry, Listing, entries_of, open_download, single
from .members import FILE
from .parcels import Context
from .platforms import folder


def listing_of(source: Path, context: Context, platform: str, stack: ExitStack) -> Listing:
    """The download, without the one zip or the one folder that stands around it."""
    alone = Listing(source.name)
    try:
        listing = open_download(source, stack)
    except Refused:  # damaged, or none: a hand-in whose fault is told as that of any other
        listing = alone
    is_file = not source.is_dir()
    if is_file and (_is_somebodys(source.name, context) or not is_a_class(listing, context)):
        return single(source)
    if platform == folder.NAME:
        return listing
    for _ in range(3):
        inner = _inner(listing, context, stack)
        if inner is None:
            break
        listing = inner
    return listing


def _inner(listing: Listing, context: Context, stack: ExitStack) -> Listing | None:
    """What is in the only folder or archive of a listing that no platform knows, where that is a class."""
    if platforms.knows(listing, context):
        return None
    tops = listing.tops()
    packed = [entry for entry in listing.files() if entry.is_archive and not entry.fault]
    others = [top for top, entries in tops.items() if any(len(entry.parts) > 1 for entry in entries)]
    if any(_is_somebodys(top, context) for top in (*others, *(entry.name for entry in packed))):
        return None
    if len(packed) == 1 and not others and packed[0].member.kind == FILE:
        stream = stack.enter_context(_spooled(packed[0]))
        try:
            inner = Listing(packed[0].name, entries_of(stream, stack))
        except Refused:
            return None
        rest = [entry for entry in listing.entries if entry is not packed[0]]
        return Listing(inner.name, [*inner.entries, *rest]) if is_a_class(inner, context) else None
    if len(others) == 1 and not packed:
        inner = listing.below(others[0], tops[others[0]])
        rest = [entry for entry in listing.files()]
        return Listing(inner.name, [*inner.entries, *rest]) if platforms.knows(inner, context) else None
    return None


def _is_somebodys(name: str, context: Context) -> bool:
    """Whether a file or folder is named after a student of the roster: then it is their hand-in, whatever is in it."""
    return folder.named(name, context.assignment)[0].casefold() in context.logins


def is_a_class(listing: Listing, context: Context) -> bool:
    """Whether a listing holds the hand-ins of several, and is not one hand-in: a platform knows them; or it has
    archives side by side; or nothing but folders, several of which hold this assignment's notebook.
    """
    if platforms.knows(listing, context):
        return True
    tops = listing.tops()
    if sum(entry.is_archive for entry in listing.files()) > 1:
        return True
    wanted = f"{context.assignment}.ipynb".casefold()
    with_work = [
        top for top, entries in tops.items()
        if any(len(one.parts) > 1 and (one.name.casefold() == wanted or one.is_archive) for one in entries)
    ]  # fmt: skip
    return len(with_work) > 1 and not any(entry.is_notebook for entry in listing.files())


def _spooled(entry: Entry) -> IO[bytes]:
    """The bytes of an entry, to be read in any order."""
    spooled = tempfile.SpooledTemporaryFile(SPOOLED)
    for block in entry.member.blocks():
        spooled.write(block)
    spooled.seek(0)
    return spooled
