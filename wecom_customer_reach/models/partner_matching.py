"""Which partner is which contact: the decision alone, for a batch of contacts, without a database."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class UnmatchedContact:
    """What is known of a contact without a partner. Numbers in E.164, likeliest first."""

    id: int
    name: str
    unionid: str | None
    mobiles: tuple[str, ...]
    remark_numbers: tuple[str, ...]
    is_active: bool


@dataclass(frozen=True)
class Candidates:
    """Partners that could be one of the contacts, and the partners who are other contacts of the corp already."""

    by_unionid: dict[str, set[int]]
    by_number: dict[str, set[int]]
    taken: set[int]


@dataclass
class Matching:
    """The outcome: contact id to (partner id, method), contact id to several candidates, and those that fit nobody."""

    matched: dict[int, tuple[int, str]] = field(default_factory=dict)
    to_match: dict[int, set[int]] = field(default_factory=dict)
    without: list[UnmatchedContact] = field(default_factory=list)


def match(contacts, candidates):
    """Decide for each contact, if one partner fits: union ID first, then the mobiles, then the numbers in the remark.

    A partner who is another living contact of the corp already, or whom two contacts claim by phone, is not taken by
    itself: such contacts wait for a person.
    """
    matching = Matching()
    by_phone = {}
    for contact in contacts:
        same_person = candidates.by_unionid.get(contact.unionid, set())
        if len(same_person) == 1:
            matching.matched[contact.id] = (*same_person, "unionid")
        elif same_person:
            matching.to_match[contact.id] = same_person
        elif fitting := _fitting(contact.mobiles, candidates) or _fitting(contact.remark_numbers, candidates):
            by_phone[contact.id] = fitting
        else:
            matching.without.append(contact)
    claims = Counter(partner for fitting in by_phone.values() if len(fitting) == 1 for partner in fitting)
    taken = candidates.taken | {partner for partner, _method in matching.matched.values()}
    for contact_id, fitting in by_phone.items():
        [partner, *others] = fitting
        if others or partner in taken or claims[partner] > 1:
            matching.to_match[contact_id] = fitting
        else:
            matching.matched[contact_id] = (partner, "phone")
    return matching


def without_same_number(contacts):
    """Return (contacts of which no two share a number, the others, who share one with an earlier contact)."""
    numbers, first, others = set(), [], []
    for contact in contacts:
        own = {*contact.mobiles, *contact.remark_numbers}
        (others if own & numbers else first).append(contact)
        numbers |= own
    return first, others


def _fitting(numbers, candidates):
    return set().union(*(candidates.by_number.get(number, ()) for number in numbers))
