"""A few texts written out where they are used."""

from __future__ import annotations

from collections.abc import Iterator

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.corpora.corpus import Text


@block
class GivenTexts:
    """The texts ``given``, with the ids 0, 1, ... or ``ids``; ``links``: for each text the ids it cites, () for none."""

    given: tuple[str, ...] = ("Aspirin relieves pain.",)
    ids: tuple[str, ...] = ()
    links: tuple[tuple[str, ...], ...] = ()
    source: str = "given"
    made: str = ""

    def check(self) -> None:
        for name, held in (("ids", self.ids), ("links", self.links)):
            if held and len(held) != len(self.given):
                raise SpecError(f"given_texts has {len(self.given)} texts and {len(held)} {name}", hint="give one each")
        if len(set(self.ids)) < len(self.ids):
            raise SpecError("two texts of given_texts have the same id", hint="give each its own")

    def texts(self) -> Iterator[Text]:
        """The texts in order."""
        for number, text in enumerate(self.given):
            name = self.ids[number] if self.ids else str(number)
            yield Text(name, text, self.source, self.links[number] if self.links else (), self.made)
