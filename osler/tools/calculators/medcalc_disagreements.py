"""The rows of MedCalc-Bench (v1.0) whose label our calculators do not give, by calculator number, and why.

Two kinds: the label comes of a slip of the program that made the labels (``medcalc_slips`` for scores,
``medcalc_formula_slips`` for formulas, each applied to the row gives its label), or the row holds a value that no patient
has. The test over all rows holds this list against what the calculators give: a row that agrees and one that is missing
are both errors.
"""

from __future__ import annotations

from collections.abc import Mapping

from osler.tools.calculators.medcalc_formula_slips import FORMULA_REASONS
from osler.tools.calculators.medcalc_slips import REASONS

IMPOSSIBLE = (
    "a value of the row, or its unit, is impossible in a patient and is refused; the label is worked out with it"
)

# calculator number -> rows whose label comes of its slip
SLIPS: Mapping[int, tuple[int, ...]] = {
    3: (23, 25),
    7: (114, 117),
    13: (928, 929, 930, 931, 932, 935, 936, 937, 938, 940, 943, 944, 945, 946, 947),
    15: (200, 201, 202, 203, 204, 205, 208, 209, 210, 212, 213, 214, 216, 217, 218),
    17: (240, 241, 242, 243, 245, 246, 249, 250, 251, 253, 255, 256, 259),
    21: (848, 849, 850, 851, 852, 853, 854, 855, 856, 857, 858, 859, 860, 861, 862, 863, 864, 865, 866, 867),
    23: (340, 341, 342, 343),
    27: (389, 390, 399),
    28: (868, 869, 870, 871, 872, 873, 874, 875, 876, 877, 878, 879, 880, 881, 882, 883, 884, 885, 886, 887),
    29: (829, 831),
    32: (427, 428, 430, 431, 432, 433, 434, 435, 436, 437, 439, 440, 442, 443, 445, 446),
    36: (908, 909, 910, 911, 912, 913, 914, 915, 916, 917, 918, 919, 920, 921, 922, 923, 924, 925, 926, 927),
    43: (888, 890, 891, 892, 893, 894, 895, 896, 897, 898, 899, 900, 901, 902, 903, 904, 905, 906, 907),
    44: (513, 521),
    46: (552, 553, 557, 559, 560, 563, 564, 566),
    51: (588, 591, 592, 593, 596, 598, 599, 602, 606, 607),
}

# calculator number -> rows with an impossible value
REFUSED: Mapping[int, tuple[int, ...]] = {
    19: (284,),
    64: (753,),
    65: (772, 780),
    66: (794,),
    67: (824,),
}


def reason_of(number: int) -> str:
    """The slip of calculator ``number``, in words."""
    return {**REASONS, **FORMULA_REASONS}[number]


def disagreements() -> Mapping[int, str]:
    """Row number -> why its label is not ours."""
    slips = {row: reason_of(number) for number, held in SLIPS.items() for row in held}
    return dict(sorted({**slips, **{row: IMPOSSIBLE for held in REFUSED.values() for row in held}}.items()))
