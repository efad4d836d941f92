"""Inventing the people of a scenario."""

from dataclasses import dataclass

from ..clock import beijing
from . import material


class Phones:
    """Chinese mobile numbers, none twice."""

    def __init__(self, random):
        self._random = random
        self._taken = set()

    def new(self):
        """A number of eleven digits not given out before."""
        while True:
            phone = f"{self._random.choice(material.MOBILE_PREFIXES)}{self._random.randrange(10**8):08d}"
            if phone not in self._taken:
                self._taken.add(phone)
                return phone


@dataclass(slots=True)
class Person:
    """Somebody who bought in the shop, or who is just a contact; the draws decide further traits."""

    name: str
    gender: int
    phone: str
    unionid: str
    spent_share: float
    taste_draw: int
    store_draw: int
    days_since_purchase: int
    unionid_in_till: bool = False

    def taste(self, tastes):
        """The person's one of ``tastes``."""
        return tastes[self.taste_draw % len(tastes)]

    def till_phone(self):
        """The number as somebody typed it at the till: mostly bare, sometimes with country code or hyphens."""
        way, phone = self.taste_draw % 20, self.phone
        if way < 3:
            return f"+86 {phone[:3]} {phone[3:7]} {phone[7:]}"
        return f"{phone[:3]}-{phone[3:7]}-{phone[7:]}" if way == 3 else phone

    def last_purchase(self, today):
        """The day of the last purchase, ISO."""
        return f"{beijing(today - self.days_since_purchase * 86400):%Y-%m-%d}"


def invent_person(random, women, phones):
    """A person; ``women`` is the share of women."""
    female = random.random() < women
    given = random.choice(material.FEMALE_NAMES if female else material.MALE_NAMES)
    return Person(
        name=random.choice(material.SURNAMES) + given,
        gender=2 if female else 1,
        phone=phones.new(),
        unionid=f"o{random.getrandbits(108):027x}",
        spent_share=random.expovariate(1.0),
        taste_draw=random.randrange(10_000),
        store_draw=random.randrange(10_000),
        days_since_purchase=random.randrange(2, 700),
    )
