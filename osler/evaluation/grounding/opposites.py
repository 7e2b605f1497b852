"""Sides and directions: left for right, upper for lower, increase for decrease, and the like, about the same thing."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

from osler.evaluation.grounding.lines import Mismatch
from osler.evaluation.metrics.faithfulness.words import content, nfkc, stem

_SIDES = """
left/right
upper/lower
superior/inferior
anterior/posterior
ventral/dorsal
proximal/distal
medial/lateral
internal/external
inner/outer
superficial/deep
cranial/caudal
ipsilateral/contralateral
unilateral/bilateral
top/bottom
above/below
front/back
afferent/efferent
ascending/descending
systolic/diastolic
izquierdo,izquierda/derecho,derecha
左/右
artery,arteries,arterial,arteriole,arterioles/vein,veins,venous,venule,venules
"""
_DIRECTIONS = """
increase,increases,increased,increasing,rise,rises,rose,raise,raises,raised,elevate,elevates,elevated,elevation/decrease,decreases,decreased,decreasing,reduce,reduces,reduced,reducing,reduction,fall,falls,fell,lower,lowers,lowered,lowering
high,higher,highest/low,lower,lowest
more,most,greater,greatest,larger,largest/less,least,fewer,fewest,smaller,smallest
before,prior/after
near,nearer,nearest,close,closer,closest/far,farther,farthest,further
maximum,maximal/minimum,minimal
fast,faster,rapid,rapidly,quickly/slow,slower,slowly
early,earlier/late,later
agonist,agonists/antagonist,antagonists
activate,activates,activated,activation,stimulate,stimulates,stimulated,stimulation/inhibit,inhibits,inhibited,inhibition,block,blocks,blocked,suppress,suppresses,suppressed
constrict,constricts,constricted,constriction,vasoconstriction,bronchoconstriction/dilate,dilates,dilated,dilation,dilatation,vasodilation,bronchodilation
contract,contracts,contraction/relax,relaxes,relaxation
positive,positively/negative,negatively
acute/chronic
hot,warm/cold,cool
wide,wider/narrow,narrower
thick,thicker/thin,thinner
strong,stronger/weak,weaker
gain,gains/loss,loses
improve,improves,improved,improvement/worsen,worsens,worsened,worsening
permanent,permanently,irreversible/temporary,temporarily,transient,reversible
benign/malignant
severe/mild
common,commonly,frequent,frequently/rare,rarely,uncommon
together,simultaneously,concurrently/apart,separately
start,starts,started,begin,begins,continue,continues,continued,keep,keeps,kept/stop,stops,stopped,discontinue,discontinued,withhold,withholds,withheld
double,doubles,doubled/halve,halves,halved
morning/evening
present/absent
speeds,speed,hastens,accelerates/slows,delays
longer,lengthens,prolongs/shorter,shortens
first/last
open,opens,opened/close,closes,closed
dry/productive
sensitive/resistant
aumenta,aumentan,aumentar,eleva/disminuye,disminuyen,disminuir,reduce
增加,升高,上升/减少,降低,下降
饭前,餐前/饭后,餐后
safe/unsafe,dangerous
effective/ineffective
indicated/contraindicated
sympathetic/parasympathetic
hyper-/hypo-
intra-/extra-
"""
_WINDOW = 4
_WORD = re.compile(r"[A-Za-z]+|左|右|增加|升高|上升|减少|降低|下降|[饭餐][前后]")


def _table(told: str, kind: str) -> dict[str, tuple[str, str, str]]:
    """By word: kind, name of the pair, and which end of it the word is."""
    out = {}
    for row in filter(None, told.splitlines()):
        for end, side in enumerate(row.split("/")):
            for word in side.split(","):
                out[word] = (kind, row, str(end))
    return out


_SIDE_WORDS = _table(_SIDES, "side")
_DIRECTION_WORDS = _table(_DIRECTIONS, "direction")
_PREFIXES = ("hyper", "hypo", "intra", "extra")


def _ends(word: str) -> list[tuple[str, str, str]]:
    out = [table[word] for table in (_SIDE_WORDS, _DIRECTION_WORDS) if word in table]
    for prefix in _PREFIXES:
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) > 3:  # hyperkalemia and hypokalemia, each a pair of its own
            kind, row, end = _DIRECTION_WORDS[f"{prefix}-"]
            out.append((kind, f"{row}{rest.rstrip('s')}", end))
    return out


@functools.lru_cache(maxsize=8192)
def _mentions(text: str) -> Mapping[str, tuple[tuple[str, str, str, frozenset[str]], ...]]:
    """By pair: (kind, end, the word, stems around it) of each mention in a text."""
    said = nfkc(text).casefold()
    held = content(said)
    out: dict[str, list[tuple[str, str, str, frozenset[str]]]] = {}
    for match in _WORD.finditer(said):
        for kind, pair, end in _ends(match[0]):
            before = [word.stem for word in held if word.end <= match.start()][-_WINDOW:]
            after = [word.stem for word in held if word.start >= match.end()][:_WINDOW]
            out.setdefault(pair, []).append((kind, end, match[0], frozenset(before + after)))
    return {pair: tuple(found) for pair, found in out.items()}


def opposed(claim: str, sentence: str, line: str) -> list[Mismatch]:
    """Words of the claim whose opposite stands in the line where the claim has the word, about the same things.

    The mention in the line with the most words in common is the one that speaks of the same thing; a tie is no finding.
    """
    own, whole, theirs = _mentions(claim), _mentions(sentence), _mentions(line)
    out = []
    for pair, mine in own.items():
        for kind, end, word, around in mine:
            told = theirs.get(pair, ())
            same = max((len(around & other) for _, at, _, other in told if at == end), default=-1)
            against = [one for one in told if one[1] != end]
            best = max((len(around & one[3]) for one in against), default=-1)
            if best >= 1 and best > same and not _told_too(whole.get(pair, ()), against, end):
                other = max(against, key=lambda one: len(around & one[3]))[2]
                reason = f"the claim says {word}, the source {other}"
                out.append(Mismatch(kind, True, reason, frozenset((stem(word),))))
    return out[:1]


_ROUTES = (
    ("intravenous", r"intravenous(?:ly)?|into (?:a|the) vein"), ("subcutaneous", r"subcutaneous(?:ly)?|under the skin|s\.?c\."),
    ("intramuscular", r"intramuscular(?:ly)?|into (?:a|the) muscle"), ("intrathecal", r"intrathecal(?:ly)?"),
    ("by mouth", r"oral(?:ly)?|by mouth|p\.o\."), ("rectal", r"rectal(?:ly)?|suppositor(?:y|ies)"), ("topical", r"topical(?:ly)?"),
    ("sublingual", r"sublingual(?:ly)?|under the tongue"), ("inhaled", r"inhal(?:ed|ation|er)|nebuli[sz](?:ed|er)|by nebuli[sz]ation"),
    ("nasal", r"(?:intra)?nasal(?:ly)?|nose spray"), ("epidural", r"epidural(?:ly)?"), ("transdermal", r"transdermal(?:ly)?|skin patch"),
)  # fmt: skip
_ROUTE = tuple((name, re.compile(rf"\b(?:{said})(?!\w)", re.IGNORECASE)) for name, said in _ROUTES)


def rerouted(claim: str, line: str) -> list[Mismatch]:
    """Another way of giving a drug: into a vein where the source says under the skin."""
    mine, theirs = ({name for name, said in _ROUTE if said.search(text)} for text in (claim, line))
    if not mine or not theirs or mine & theirs:
        return []
    told = frozenset(
        word.stem for name, said in _ROUTE if name in mine for word in content(" ".join(said.findall(claim)))
    )
    return [
        Mismatch(
            "dose", True, f"the claim says {', '.join(sorted(mine))}, the source {', '.join(sorted(theirs))}", told
        )
    ]


def _told_too(
    mine: Sequence[tuple[str, str, str, frozenset[str]]],
    against: Sequence[tuple[str, str, str, frozenset[str]]],
    end: str,
) -> bool:
    """Whether the claim's own sentence has the opposite as often as the line: then nothing was turned."""
    return sum(one[1] != end for one in mine) >= len(against) > 0
