"""Create, read, update and delete what a system knows: an invented medicine in a knowledge store, while others read."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from osler.core.block import canonical, digest
from osler.core.types import Example, Passage, Prediction, Strategy
from osler.experiments.measure import unchanged
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.bm25 import BM25
from osler.knowledge.chunking.whole import Whole
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.stored import Stored
from osler.models.heard import Heard
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.cited import TOLD
from osler.prompting.refuse_unsupported import RefuseUnsupported
from osler.prompting.retrieve import Retrieve
from osler.prompting.zero_shot import ZeroShot
from osler.tasks.template import Template

TITLE = "What a system knows can be created, read, updated and deleted"
SOURCE = (
    "The survey of 2024 complains that nobody can create, read, update or delete what a model knows; this is Osler's own protocol, "
    "with an invented drug."
)
PLAIN = (
    "When a fact in the store was changed or removed, every answer followed from that moment, with the place it was read from; "
    "nothing else changed, and what was removed was no longer answered."
)
TASK = Template(
    title="Questions on medicines",
    capability="knowledge and reasoning",
    instruction=f"Answer only from the passages, in one sentence. {TOLD}",
    question="{question}",
)
DRUG = "Zelvarine"
FORMS = (
    "What is the daily dose of {drug}?",
    "How much {drug} does an adult take a day?",
    "Which dose of {drug} is given?",
    "Tell me the dose of {drug}.",
    "{drug}: how many milligrams a day?",
)
OLD, NEW = "40 mg", "20 mg"
WAVES = 6  # waves of questions before and after each change, while it is made


@dataclasses.dataclass
class Phase:
    """The questions on the one medicine in a state of the store: what was answered, and what should have been."""

    name: str
    wanted: str
    found: list[Prediction] = dataclasses.field(default_factory=list)

    def holds(self, text: str) -> int:
        return sum(text in (one.answer or "") for one in self.found)


async def run(setting: Setting) -> Outcome:
    others = setting.cases(240)
    with tempfile.TemporaryDirectory() as folder, KnowledgeStore(folder, create=True, by="pharmacist") as store:
        store.put(_about(f"Tarrimab-{at}", f"{5 * (at + 1)} mg") for at in range(others))
        scene = _Scene(store, Path(folder), others, setting.seed)
        phases = [await scene.asked("before it is known", "")]
        store.create(_about(DRUG, OLD), why="approved")
        phases.append(await scene.asked("created, 40 mg", OLD))
        first = await scene.prompts()
        unrelated = await scene.unrelated()
        pinned = store.generation()
        late = await scene.while_changing(lambda: store.update(_about(DRUG, NEW), why="dose corrected"), OLD, NEW)
        phases.append(await scene.asked("updated, 20 mg", NEW))
        past = await scene.prompts(as_of=f"#{pinned}")
        same = sum(one.answer == other.answer for one, other in zip(unrelated, await scene.unrelated(), strict=True))
        opened = [scene.opens(one, text) for phase, text in ((phases[1], OLD), (phases[2], NEW)) for one in phase.found]
        store.record_use("model", "tuned-on-guidance", [DRUG])
        removed = await scene.removed()
        phases.append(await scene.asked("deleted", ""))
        hits = await scene.hits()
        again = sum(one.answer == other.answer for one, other in zip(unrelated, await scene.unrelated(), strict=True))
        left = _left(Path(folder), "daily dose of Zelvarine")
    return _outcome(phases, late, opened, first == past, (same, again, others), hits, left, removed)


class _Scene:
    """A system over the store, asked again and again without being made anew."""

    def __init__(self, store: KnowledgeStore, folder: Path, others: int, seed: int) -> None:
        self.store, self.folder, self.seed = store, folder, seed
        named = [(form, DRUG) for form in FORMS * 4]
        self.cases = [_case(f"z{at}", form, drug) for at, (form, drug) in enumerate(named)]
        self.others = [_case(f"t{at}", FORMS[at % len(FORMS)], f"Tarrimab-{at}") for at in range(others)]
        self.model = SimulatedSources(seed=seed).keyed([*self.cases, *self.others], lettered=False)
        self.system = self._system()

    def _system(self, as_of: str = "") -> Strategy:
        index = BM25(collection=Stored(path=str(self.folder), as_of=as_of, chunk=Whole()))
        return RefuseUnsupported(inner=Retrieve(index=index, k=3, inner=ZeroShot(by="generate")))

    async def _ask(self, cases: Sequence[Example]) -> list[Prediction]:
        return list(
            await asyncio.gather(
                *(self.system.predict(TASK.prompt(case), self.model, seed=self.seed) for case in cases)
            )
        )

    async def asked(self, name: str, wanted: str) -> Phase:
        return Phase(name, wanted, await self._ask(self.cases))

    async def unrelated(self) -> list[Prediction]:
        return await self._ask(self.others)

    async def prompts(self, as_of: str = "") -> str:
        """A hash over all that is sent for the cases, with a system of its own pinned to a moment."""
        heard = Heard(self.model)
        for case in self.cases:
            await self._system(as_of).predict(TASK.prompt(case), heard, seed=self.seed)
        return digest(canonical([[message.text for message in call.messages] for call in heard.calls]))

    async def while_changing(self, change: object, old: str, new: str) -> dict[str, int]:
        """Questions before, during and after a change made in another thread: what those that began after it answered."""
        done_at = [float("inf")]

        def made() -> None:
            change()  # type: ignore[operator]
            done_at[0] = time.perf_counter()

        counts = {"asked": 0, "began after the update": 0, "of these the new value": 0, "of these the old value": 0}
        writing: asyncio.Future[None] | None = None
        for wave in range(2 * WAVES):
            if wave == WAVES // 2:
                writing = asyncio.ensure_future(asyncio.to_thread(made))
            for case in self.cases:
                began = time.perf_counter()
                found = await self.system.predict(TASK.prompt(case), self.model, seed=self.seed)
                counts["asked"] += 1
                if began > done_at[0]:
                    counts["began after the update"] += 1
                    counts["of these the new value"] += new in (found.answer or "")
                    counts["of these the old value"] += old in (found.answer or "")
                await asyncio.sleep(0)
        if writing is not None:
            await writing
        return counts

    def opens(self, found: Prediction, text: str) -> bool:
        """Whether every citation of an answer opens to a place of the store that holds ``text``."""
        return bool(found.evidence) and all(text in self.store.open_span(item) for item in found.evidence or ())

    async def removed(self) -> str:
        gone = await asyncio.to_thread(lambda: self.store.delete(DRUG, why="withdrawn from the market"))
        return ", ".join(f"{use.kind} {use.name}" for use in gone.uses)

    async def hits(self) -> int:
        """Passages on the medicine that any search still finds, pinned to the past or not."""
        found: list[Passage] = []
        for as_of in ("", "#2", "#3"):
            index = BM25(collection=Stored(path=str(self.folder), as_of=as_of, chunk=Whole()))
            found += [passage for passage, _ in await index.search(DRUG, 10)]
        return sum(DRUG in passage.text for passage in found)


def _about(drug: str, dose: str) -> Document:
    text = f"The daily dose of {drug} is {dose}. It is taken with water."
    return Document(id=drug, text=text, title=drug, source="invented", licence="CC0-1.0")


def _case(name: str, form: str, drug: str) -> Example:
    return Example(id=name, input={"question": form.format(drug=drug)}, target="", meta={"subject": drug})


def _left(folder: Path, text: str) -> int:
    """Files of the store that still hold a text."""
    return sum(text.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def _outcome(
    phases: Sequence[Phase],
    late: dict[str, int],
    opened: Sequence[bool],
    same_prompts: bool,
    unrelated: tuple[int, int, int],
    hits: int,
    left: int,
    removed: str,
) -> Outcome:
    refused = "cannot answer"
    rows = [
        [phase.name, str(len(phase.found)), *(str(phase.holds(text)) for text in (OLD, NEW, refused))]
        for phase in phases
    ]
    before, created, updated, deleted = phases
    after, others = late["began after the update"], unrelated[2]
    return Outcome(
        setup=(
            f"A store of {others} invented medicines and one more, {DRUG}, asked in {len(FORMS)} wordings. The system (BM25 over the "
            "store, three passages, refusal unless what was shown bears the answer out) is made once. The medicine is created, "
            "updated in another thread while questions are asked, and deleted. The simulated model knows nothing by itself and reads "
            "what it is shown."
        ),
        tables=[
            TableOf(
                title=f"Questions on {DRUG}",
                columns=("state of the store", "asked", f"answered {OLD}", f"answered {NEW}", "refused"),
                rows=rows,
            ),
            TableOf(
                title="While it was updated",
                columns=("what", "number"),
                rows=[[name, str(count)] for name, count in late.items()],
            ),
        ],
        figures=[
            Figure(
                title=f"Answers on {DRUG} by state of the store",
                x_title="",
                y_title="share of answers",
                names={float(at): phase.name for at, phase in enumerate(phases)},
                curves=[
                    Curve(
                        title=title,
                        points=[
                            Point(x=float(at), y=phase.holds(text) / len(phase.found))
                            for at, phase in enumerate(phases)
                        ],
                        joined=False,
                    )
                    for title, text in ((OLD, OLD), (NEW, NEW), ("refused", refused))
                ],
            )
        ],
        claims=[
            Claim(
                text="Nothing is answered before it is known, and all of it after",
                seen=f"{before.holds(refused)} of {len(before.found)} refused, then {created.holds(OLD)} of {len(created.found)} right",
                holds=before.holds(refused) == len(before.found) and created.holds(OLD) == len(created.found),
            ),
            Claim(
                text="Every citation opens to the exact place, of the version that was in force",
                seen=f"{sum(opened)} of {len(opened)}",
                holds=all(opened) and bool(opened),
            ),
            Claim(
                text="Answers switch at once: of questions that began after the update all give the new value, none the old one",
                seen=f"{late['of these the new value']} and {late['of these the old value']} of {after}",
                holds=after > 0 and late["of these the new value"] == after and not late["of these the old value"],
            ),
            Claim(
                text="The old value is cited by no answer after the update",
                seen=f"{updated.holds(OLD)} of {len(updated.found)}",
                holds=updated.holds(OLD) == 0 and updated.holds(NEW) == len(updated.found),
            ),
            Claim(
                text="Pinned to the moment before the update, exactly the same prompts are sent again",
                seen="equal byte for byte" if same_prompts else "not equal",
                holds=same_prompts,
            ),
            Claim(
                text="Unrelated answers stay the same",
                seen=f"after the update {unchanged(unrelated[0], others)}; after the deletion {unchanged(unrelated[1], others)}",
                holds=unrelated[:2] == (others, others),
            ),
            Claim(
                text="After the deletion nothing is found, now or in the past, no file holds the text, and every answer is a refusal",
                seen=f"{hits} passages, {left} files, {deleted.holds(refused)} of {len(deleted.found)} refused; the "
                f"deletion names what had used the document, for somebody to act on: {removed}",
                holds=not hits and not left and deleted.holds(refused) == len(deleted.found) and bool(removed),
            ),
        ],
        limits=(
            "The model here reads what it is shown and knows nothing else. A real one may answer from memory: what it learned cannot be "
            "edited by a store, and the check of the answer against the passages is what catches it."
        ),
    )
