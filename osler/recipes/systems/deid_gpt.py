"""DeID-GPT: zero-shot de-identification by rewriting the note (Liu et al. 2023, arXiv:2303.11032)."""

from osler.prompting.rewrite import Rewrite

_instruction = (
    "You de-identify clinical notes under the HIPAA Safe Harbor rule (45 CFR 164.514(b)(2)). Write the note below anew, "
    "word for word and complete, with every identifier of the patient, of relatives, employers and household members, "
    "and of health care staff replaced by [redacted]. Carry out each of these commands:\n"
    "1. Replace every name of a person with [redacted]; titles such as Dr. stay.\n"
    "2. Replace every place smaller than a state with [redacted]: street, city, county, district, postal code.\n"
    "3. Replace every part of a date except the year with [redacted]: birth, admission, discharge, death, visit.\n"
    "4. Replace every age over 89 with [redacted].\n"
    "5. Replace every telephone, fax and pager number with [redacted].\n"
    "6. Replace every e-mail address, web address and IP address with [redacted].\n"
    "7. Replace every social security, medical record, health plan, account, certificate and licence number with "
    "[redacted].\n"
    "8. Replace every vehicle, device and serial number with [redacted].\n"
    "9. Replace every name of a hospital, ward, organisation or company with [redacted].\n"
    "10. Replace every profession, and every other number, code or trait that identifies a person, with [redacted].\n"
    "Change nothing else: findings, drugs, doses and values stay as they are. Give the rewritten note alone."
)
RECIPE = Rewrite(instruction=_instruction, mark="[redacted]", temperature=0.05, max_tokens=4000)
TINY = Rewrite(instruction=_instruction, mark="[redacted]", temperature=0.05, max_tokens=512)
REPORTED = {"i2b2_2014_accuracy_gpt_4": 0.99, "i2b2_2014_accuracy_chatgpt": 0.93}
DIFFERS = (
    "the paper's prompt is blank in its repository: the list of identifiers is HIPAA's and the commands are worded here",
    "the figures are recalled, and come from a measure under which an untouched note can score 0.75: here the rewritten "
    "note is read back into spans, and leak and retention are scored on the original text",
    "top_p is left at the server's default, which is the paper's 1",
)
