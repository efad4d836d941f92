"""Telephone numbers as people write them, in the form in which they can be compared (E.164)."""

import re
from functools import lru_cache

import phonenumbers

from odoo.addons.phone_validation.tools.phone_validation import phone_format
from odoo.exceptions import UserError

CHINESE_MOBILE = re.compile(r"(?<!\d)(?:(?:\+|00)?86[\s-]*)?(1[3-9]\d)[\s-]?(\d{4})[\s-]?(\d{4})(?!\d)")
NOT_A_DIGIT = re.compile(r"\D")
FEWEST_DIGITS = 7
REMEMBERED = 10_000
"""How many answers are kept: a contact is looked at twice, when his partner is looked for and when it is made."""


@lru_cache(maxsize=REMEMBERED)
def e164_forms(number, country_code):
    """Return what ``number`` can mean in E.164, the likeliest first; () when it is no telephone number.

    A number without prefix is read as one of ``country_code`` (ISO code or None), and of mainland China, where most
    customers of WeCom are. A Chinese mobile number may be a valid number elsewhere too, so both are returned.
    """
    number = number.strip()
    forms = []
    if mobile := CHINESE_MOBILE.fullmatch(number):
        forms.append("+86" + "".join(mobile.groups()))
        regions = [country_code] if country_code not in (None, "CN") and not number.startswith(("+", "00")) else []
    else:
        regions = dict.fromkeys((country_code or "CN", "CN"))
    for region in regions:
        try:
            form = phone_format(number, region, None, force_format="E164")
        except UserError:
            continue
        if form not in forms:
            forms.append(form)
    return tuple(forms)


@lru_cache(maxsize=REMEMBERED)
def numbers_in_text(text, country_code):
    """Return the numbers found inside a text, as written: mobile numbers of China, or else any of ``country_code``."""
    mobiles = tuple(mobile.group() for mobile in CHINESE_MOBILE.finditer(text))
    if mobiles or len(NOT_A_DIGIT.sub("", text)) < FEWEST_DIGITS:
        return mobiles
    return tuple(match.raw_string for match in phonenumbers.PhoneNumberMatcher(text, country_code or "CN"))


def text_without_numbers(text, country_code):
    """Return the text without the numbers in it and without what then hangs loose at its ends."""
    for number in numbers_in_text(text, country_code):
        text = text.replace(number, " ")
    return " ".join(text.split()).strip(" -–—_/|,，;；:：.。()（）+")


def digits_as_typed(e164):
    """Return how the digits of an E.164 number can stand in a field that nobody has tidied up."""
    digits = e164.removeprefix("+")
    forms = [digits, "00" + digits]
    if digits.startswith("86"):
        forms.append(digits.removeprefix("86"))
    return forms
