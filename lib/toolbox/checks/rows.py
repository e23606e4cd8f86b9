"""Tables of checks: one record per thing, and properties that are asked of every record of a kind.

    class Layer(Row): ...                                        # a kind, in a module of its own

    @asks(Layer, "layouts", of="backward")                       # a property of the kind, written once
    def the_gradient_does_not_depend_on_the_layout(layer, student, make): ...

    ACTIVATIONS = [Layer("ReLU", ...), ...]                      # rows, in a file of checks

`collect` makes a check of every row of a list and every property of its kind. A property that does not fit a row is
named in its `without`, with the reason; what is not named there is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Property:
    """What a kind asks of its rows.

    word: its name in ids and in `without`. of: the attribute of a row that names the item which this belongs to, or
    maps parts to items; where it is "", the row is not asked. over: the attribute that lists the parts which are asked
    about one by one, "" where there are none.
    """

    word: str
    function: Callable
    of: str
    over: str
    share: float
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that is asked about. without: word of a property -> why it does not fit. A kind is a subclass, which
    has at least a `name`.
    """

    own_properties: ClassVar[list[Property]] = []
    without: Mapping[str, str] = field(default_factory=dict)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.own_properties = []

    @classmethod
    def properties(cls) -> list[Property]:
        """What is asked of every row of this kind: first what every row is asked of the kinds that it belongs to."""
        kinds = [kind for kind in reversed(cls.__mro__) if issubclass(kind, Row)]
        return [prop for kind in kinds for prop in kind.own_properties]

    def __post_init__(self) -> None:
        if unsaid := [word for word, reason in self.without.items() if not str(reason).strip()]:
            raise TypeError(f"{self}: say why {', '.join(unsaid)} does not fit")

    @property
    def covers(self) -> tuple[str, ...]:
        """The public names of the masters that this row asks about."""
        return (getattr(self, "name", ""),)

    def asked(self) -> Iterator[tuple[str, str, Property, tuple]]:
        """(id, item, property, what the function takes first) of each of its checks."""
        for prop in self.properties():
            items = getattr(self, prop.of)
            if not items or prop.word in self.without:
                continue
            label = getattr(self, "label", "") or getattr(self, "name", "")
            for part in getattr(self, prop.over) if prop.over else ("",):
                item = items[part] if isinstance(items, Mapping) else items
                yield f"{label}/{prop.word}{part and ':'}{part}", item, prop, (self, part) if prop.over else (self,)


@dataclass(frozen=True)
class Story(Row):
    """Something that has checks of its own alone. why: what keeps it out of the tables."""

    name: str
    why: str


def asks(
    kind: type[Row], word: str, *, of: str = "item", over: str = "", share: float = 1.0, seconds: float | None = None
) -> Callable:
    """Make a function a property of a kind; it takes a row (and, with `over`, a part of it), then `student`, `make`."""

    def asked(function: Callable) -> Callable:
        if any(prop.word == word for prop in kind.properties()):
            raise TypeError(f"{kind.__name__} has a property {word!r} already")
        kind.own_properties.append(Property(word, function, of, over, float(share), seconds))
        return function

    return asked
