"""Names of drugs in a claim and in a sentence: is another drug named where the source names one?

A word is taken for a drug by the stems of international non-proprietary names (WHO, "The use of stems in the selection of
INN"), by a short list of common names without such a stem, by a lexicon where one is given, and by its place before a
trade name in brackets.
"""

from __future__ import annotations

import csv
import difflib
import functools
import re
from collections.abc import Sequence

from osler.core.block import block, digest
from osler.core.errors import DataError, nearest
from osler.data.published import resolved
from osler.evaluation.grounding.lines import Mismatch, stems
from osler.evaluation.metrics.faithfulness.words import nfkc, stem, word_set

_STEMS = (
    "olol|alol|dilol|pril|prilat|sartan|statin|azole|oxacin|cillin|mycin|micin|cycline|vir|virine|virenz|vudine|citabine|"
    "tidine|prazole|nisone|tisone|cortisone|azepam|azolam|bazam|barbital|caine|curonium|dipine|dronate|gliptin|gliflozin|glitazone|glinide|glutide|"
    "lukast|mab|tinib|ciclib|parib|zomib|rafenib|anib|nabinol|onide|asone|solone|nisone|solide|setron|triptan|oxetine|"
    "oxamine|ipramine|triptyline|faxine|lopram|traline|peridone|idone|apine|thiazide|thiazine|perazine|phenazine|promazine|"
    "semide|terol|tropium|trexate|rubicin|platin|taxel|mustine|parin|xaban|gatran|grel|grelor|grastim|plase|fibrate|profen|"
    "coxib|fenac|oxicam|quine|flurane|cefixime|penem|bactam|fungin|nafine|azosin|losin|lafil|steride|afil|relin|relix|kinra|"
    "limus|phylline|thyroxine|thyronine|estradiol|gestrel|gestone|codone|morphone|orphan|fentanil|fentanyl|trexone|pidem|"
    "plon|clone|melteon|orexant|racetam|gabalin|gabatrin|toin|suximide|bamate|zolamide|stigmine|prost|oprostol|dopa|capone|"
    "giline|gliclazide|glyburide|glimepiride|glipizide|butamide|propamide|lidomide|rifampin|rifampicin|mustard|poside|tecan|"
    "bulin|blastine|cristine|relbine|trozole|oxifene|mifene|utamide|tretinoin|rotene|azoline|ephedrine|ephrine|nicline|"
    "dantel|bendazole|vaptan|entan|fenadine|atadine|stim|mantine|mantadine|guanide"
)
_BY_STEM = re.compile(rf"(?:^|..)(?:{_STEMS})$", re.IGNORECASE)
_COMMON = word_set(
    """aspirin acetaminophen paracetamol ibuprofen naproxen warfarin heparin insulin digoxin metformin lithium morphine
    codeine methadone tramadol oxycodone hydrocodone naloxone atropine epinephrine norepinephrine dopamine dobutamine
    vasopressin amiodarone lidocaine verapamil diltiazem nitroglycerin hydralazine clonidine minoxidil furosemide bumetanide
    mannitol spironolactone eplerenone amiloride triamterene levothyroxine methimazole prednisone hydrocortisone cortisone
    phenytoin carbamazepine valproate lamotrigine topiramate gabapentin pregabalin ethosuximide primidone haloperidol
    clozapine bupropion trazodone buspirone nefazodone mirtazapine zolpidem eszopiclone melatonin donepezil memantine
    levodopa carbidopa amantadine selegiline baclofen dantrolene methotrexate azathioprine cyclosporine tacrolimus
    hydroxychloroquine sulfasalazine colchicine allopurinol probenecid febuxostat theophylline albuterol salbutamol
    montelukast cromolyn guaifenesin dextromethorphan loratadine cetirizine diphenhydramine hydroxyzine pseudoephedrine
    cimetidine sucralfate misoprostol bismuth metoclopramide loperamide bisacodyl senna docusate lactulose psyllium
    vancomycin gentamicin linezolid rifampin isoniazid ethambutol pyrazinamide trimethoprim sulfamethoxazole nitrofurantoin
    metronidazole ivermectin albendazole acyclovir amphotericin nystatin griseofulvin tamoxifen cisplatin cyclophosphamide
    vincristine imatinib sildenafil finasteride testosterone estrogen progesterone oxytocin clomiphene disulfiram
    acamprosate varenicline nicotine caffeine methylphenidate amphetamine atomoxetine ketamine propofol midazolam
    succinylcholine neostigmine pyridostigmine physostigmine pilocarpine latanoprost exenatide glucagon octreotide
    desmopressin calcitriol folate cyanocobalamin iron ferrous alteplase tenecteplase clopidogrel dipyridamole cilostazol
    pentoxifylline ezetimibe cholestyramine gemfibrozil niacin reserpine quinidine procainamide flecainide propafenone
    adenosine milrinone nesiritide penicillamine leucovorin mesna ondansetron aprepitant dronabinol orlistat"""
)
# Words of biology and everyday English with the ending of a drug's name.
_NOT = word_set(
    """catalase ergosterol cholesterol statin statins prolactin keystone milestone cyclone clone clones thymidine cytidine
    adenine guanine vitamin vitamins progestone somatostatin follistatin cystatin angiostatin equine canine feline mustard
    magazine magazines quarantine"""
)
_WORD = re.compile(r"[A-Za-z][A-Za-z-]{3,}")
_TRADED = re.compile(r"\b([A-Za-z][a-z-]{4,})\s+\((?:[A-Z][a-z]+(?:, | or )?)+\)", re.ASCII)
_ANY = re.compile(r"[A-Za-z][A-Za-z-]*")
_CHEMICAL = re.compile(r"(?:ine|ide|ate|ole|one|ol|in|il|yl|am|im|ane|ene|urea|ex|ax)$")
_SALTS = [[word] for word in ("Propionate", "Dipivoxil", "propionate", "bromide", "mofetil", "furoate", "acetate")]
_LEAST = 6  # letters of a name that is known by its ending alone


@block
class DrugLexicon:
    """Names of drugs in a column of a table. ``path``: "$OSLER_DATA/..." is taken from the folder of that variable.

    The default is PharmacotherapyDB's list of 601 drugs (Himmelstein et al. 2016, CC0). Of names of two words only those of
    a salt or ester count, by their first: "Calcium Acetate" is not what every mention of calcium means.
    """

    path: str = "$OSLER_DATA/pharmacotherapydb/drugs.tsv"
    column: str = "drug"

    def content_hash(self) -> str:
        """BLAKE2b of the file's bytes (32 hex characters)."""
        return digest(resolved(self.path, what="the drug lexicon").read_bytes())

    def names(self) -> frozenset[str]:
        """All names in small letters. DataError where the file or the column is missing."""
        held: frozenset[str] | None = self.__dict__.get("_names")
        if held is None:
            what = "the drug lexicon"
            path = resolved(self.path, what=what)
            with path.open(encoding="utf-8", newline="") as file:
                table = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
                if self.column not in (table.fieldnames or ()):
                    hint = nearest(self.column, table.fieldnames or ())
                    raise DataError(f"{what} has no column {self.column!r}", hint=hint)
                told = [row[self.column] or "" for row in table]
            first = (name.split() for name in told)
            held = frozenset(parts[0].casefold() for parts in first if len(parts) == 1 or parts[1:2] in _SALTS)
            self.__dict__["_names"] = frozenset(name for name in held if len(name) > 4 and _WORD.fullmatch(name)) - _NOT
        return frozenset(self.__dict__["_names"])


def drugs(text: str, lexicon: frozenset[str] = frozenset()) -> dict[str, str]:
    """Drugs named in a text: stem to the name as it is written, in order."""
    out: dict[str, str] = {}
    said = nfkc(text)
    traded = {match[1].casefold() for match in _TRADED.finditer(said)}
    for match in _WORD.finditer(said):
        word = match[0].casefold()
        if word not in _NOT and (is_drug(word, lexicon) or word in traded):
            out.setdefault(stem(word), match[0])
    return out


@functools.lru_cache(maxsize=1 << 16)
def is_drug(word: str, lexicon: frozenset[str] = frozenset()) -> bool:
    """Whether a word in small letters is the name of a drug, by list, lexicon or ending."""
    single = word.removesuffix("s")
    if word in _NOT or single in _NOT:
        return False
    if {word, single} & _COMMON or {word, single} & lexicon:
        return True
    return any(len(one) >= _LEAST and _by_ending(one) for one in (word, single))


def _by_ending(word: str) -> bool:
    return _BY_STEM.search(word) is not None


def misnamed(
    claim: str, sentence: str, line: str, passage: str, lexicon: frozenset[str] = frozenset()
) -> list[Mismatch]:
    """Drugs of the claim that neither the line nor the rest of its passage names, and drugs put in the place of others.

    A drug that the passage names elsewhere is right where the line names none of its own ("It is given ...").
    """
    own, told, theirs = drugs(claim, lexicon), drugs(sentence, lexicon), drugs(line, lexicon)
    there = stems(line)
    out = []
    for key, name in own.items():
        if key in theirs or key in there:
            continue
        replaced = [other for stem_, other in theirs.items() if stem_ not in told]
        if replaced:
            out.append(
                Mismatch("drug", True, f"the claim names {name}, the source {_listed(replaced)}", frozenset((key,)))
            )
        elif key not in stems(passage):
            out.append(Mismatch("drug", False, f"no passage sentence about this names {name}"))
    return out or _replaced(claim, line)


def _replaced(claim: str, line: str) -> list[Mismatch]:
    """A word that looks like the name of a substance and stands where the line has another such word, the words on both
    sides being the same: drugs that neither list nor ending knows, in one of the two or in both."""
    said, held = [[word.casefold() for word in _ANY.findall(nfkc(text))] for text in (claim, line)]
    for kind, a, b, c, d in difflib.SequenceMatcher(None, said, held, autojunk=False).get_opcodes():
        if kind != "replace" or b - a != 1 or d - c != 1 or said[a] in held or held[c] in said:
            continue
        if _substance(said[a]) and _substance(held[c]):
            reason = f"the claim names {said[a]}, the source {held[c]}"
            return [Mismatch("drug", True, reason, frozenset((stem(said[a]),)))]
    return []


def _substance(word: str) -> bool:
    return is_drug(word) or (len(word) >= _LEAST and _CHEMICAL.search(word) is not None and word not in _NOT)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
