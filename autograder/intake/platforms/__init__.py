"""How each platform names and packs hand-ins: one module each, with `NAME`, `TITLE` and `take`.

`take(listing, context)` gives the hand-ins that the platform knows in a listing, and the rest. They are asked in the
order of `PLATFORMS`, those that can be sure first; `folder` takes what is left.
"""

from __future__ import annotations

from types import ModuleType

from ..download import Listing
from ..parcels import Context, Taken, Unread
from . import blackboard, brightspace, canvas, folder, github, gradescope, moodle, nbgrader, sakai

PLATFORMS: dict[str, ModuleType] = {
    module.NAME: module
    for module in (gradescope, moodle, brightspace, sakai, nbgrader, blackboard, canvas, github, folder)
}
AUTO = "auto"


def take(listing: Listing, context: Context, platform: str = AUTO) -> Taken:
    """The hand-ins of a listing, by one platform's rules or by those of each in turn."""
    whole = Taken()
    for name, module in PLATFORMS.items():
        if platform not in (AUTO, name):
            continue
        taken = module.take(listing, context)
        whole.parcels += taken.parcels
        whole.unread += taken.unread
        listing = taken.rest
    whole.unread += [Unread(entry.path, "nothing that this platform writes") for entry in listing.entries]
    return whole


def knows(listing: Listing, context: Context) -> bool:
    """Whether a platform, other than a plain folder, finds its own hand-ins in a listing."""
    return any(module.take(listing, context).parcels for name, module in PLATFORMS.items() if name != folder.NAME)
