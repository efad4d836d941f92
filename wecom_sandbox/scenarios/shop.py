"""Shops with old customers in the till and contacts in WeCom, most of them the same people (requirement B-61, B-64)."""

from dataclasses import dataclass

from ..clock import midnight
from ..delivery import cap_window, confirm, send_own_broadcast
from ..tags import create_group, create_tag
from ..world import DELETED_BY_CUSTOMER, DELETED_BY_MEMBER, FULL, Contact, Follow
from . import material
from .people import Person, Phones, invent_person

DAY = 86400
# Shares, each of the old customers who are in WeCom unless it says otherwise
KNOWN = 0.896  # of all old customers: in WeCom at all
STRANGERS = 120 / 4600  # of all contacts: no old customer
BY_UNIONID, BY_MOBILE = 0.55, 0.35  # the rest shows its number in the remark text only
TWO_MEMBERS, CUSTOMER_DELETED, MEMBER_DELETED = 0.06, 0.02, 0.015
SHARED_PHONES = 10 / 5000  # of all old customers: pairs in the till with one number
AT_CAP = 6


@dataclass(frozen=True)
class Shop:
    """What makes one scenario differ from another; a store is (name, city)."""

    company: str
    position: str
    members: int
    contacts: int
    stores: tuple
    levels: tuple
    taste_group: str
    tastes: tuple
    till_tags: tuple
    women: float
    spent: float


COSMETICS = Shop(
    company="晨光美妆",
    position="美容顾问",
    members=12,
    contacts=4600,
    stores=(("静安店", "上海"), ("徐汇店", "上海"), ("西湖店", "杭州")),
    levels=("普通会员", "银卡会员", "金卡会员", "钻石会员"),
    taste_group="肤质",
    tastes=("干性", "油性", "混合性", "敏感性"),
    till_tags=("护肤", "彩妆", "香水", "礼盒"),
    women=0.9,
    spent=900.0,
)
CLOTHING = Shop(
    company="青禾服饰",
    position="导购",
    members=60,
    contacts=46_000,
    stores=(
        ("南京路店", "上海"), ("淮海路店", "上海"), ("王府井店", "北京"), ("西单店", "北京"), ("天河城店", "广州"),
        ("春熙路店", "成都"), ("江汉路店", "武汉"), ("新街口店", "南京"), ("湖滨店", "杭州"), ("观前街店", "苏州"),
    ),
    levels=("潜在客户", "普通会员", "银卡会员", "金卡会员"),
    taste_group="风格偏好",
    tastes=("通勤", "休闲", "运动", "国风"),
    till_tags=("女装", "男装", "童装", "配饰"),
    women=0.7,
    spent=600.0,
)  # fmt: skip


def fill(world, shop, contacts=None):
    """Fill ``world`` with ``shop`` and ``contacts`` contacts (the shop's own number when None)."""
    _Filling(world, shop, shop.contacts if contacts is None else contacts).run()


class _Filling:
    """One run of filling a world; ``today`` is the midnight all times count back from."""

    def __init__(self, world, shop, contacts):
        self.world, self.shop, self.random = world, shop, world.random
        self.today = midnight(world.clock.now())
        strangers = round(contacts * STRANGERS)
        self.known, self.strangers = contacts - strangers, strangers
        self.customers = round(self.known / KNOWN)
        self.phones = Phones(self.random)

    def run(self):
        self._add_stores()
        self._add_members()
        self._add_tags()
        people = [invent_person(self.random, self.shop.women, self.phones) for _ in range(self.customers)]
        order = list(range(self.customers))
        self.random.shuffle(order)
        known, unknown = order[: self.known], order[self.known :]
        self._add_known(people, known)
        for _ in range(self.strangers):
            person = invent_person(self.random, self.shop.women, self.phones)
            self._add_contact(person, remark="", mobiles=(), members=1)
        self._share_phones(people, known, unknown)
        self.world.customer_list.extend(self._till_entry(number, person) for number, person in enumerate(people, 1))
        self._fill_caps()

    def _add_stores(self):
        self.world.add_department(1, self.shop.company, parent=0)
        for number, (store, _) in enumerate(self.shop.stores, 2):
            self.world.add_department(number, store, parent=1, order=1000 - number)

    def _add_members(self):
        surnames, names = material.MEMBER_SURNAMES, material.MEMBER_NAMES
        self.members = []
        for number in range(self.shop.members):
            surname, surname_latin = surnames[number % len(surnames)]
            name, name_latin = names[number % len(names)]
            userid = f"{name_latin}.{surname_latin}"
            department = 2 + number % len(self.shop.stores)
            self.members.append(self.world.add_member(userid, surname + name, department, self.shop.position))
        self.weights = [self.random.uniform(0.5, 1.5) for _ in self.members]

    def _add_tags(self):
        groups = (
            ("会员等级", self.shop.levels),
            (self.shop.taste_group, self.shop.tastes),
            ("门店", tuple(store for store, _ in self.shop.stores)),
        )
        self.tag_ids = {}
        created = self.today - 400 * DAY
        for number, (group_name, names) in enumerate(groups):
            group = create_group(self.world, group_name, order=100 - number, created=created)
            for place, name in enumerate(names):
                tag = create_tag(self.world, group, name, order=100 - place, created=created)
                self.tag_ids[group_name, name] = tag.id

    def _add_known(self, people, known):
        """Old customers who are contacts: found by unionid, by a remark mobile, or by a number in the remark text."""
        by_unionid = round(len(known) * BY_UNIONID)
        by_mobile = by_unionid + round(len(known) * BY_MOBILE)
        draw = self.random.random
        for place, index in enumerate(known):
            person = people[index]
            remark, mobiles = (person.name if draw() < 0.7 else ""), ()
            if place < by_unionid:
                person.unionid_in_till = True
                if draw() < 0.3:
                    mobiles = (person.phone,)
            elif place < by_mobile:
                mobiles = (person.phone,)
            else:
                remark = f"{person.name} {person.phone}"
            relation, members = FULL, 1
            chance = draw()
            if chance < CUSTOMER_DELETED:
                relation = DELETED_BY_CUSTOMER
            elif chance < CUSTOMER_DELETED + MEMBER_DELETED:
                relation = DELETED_BY_MEMBER
            elif chance < CUSTOMER_DELETED + MEMBER_DELETED + TWO_MEMBERS:
                members = 2
            self._add_contact(person, remark, mobiles, members, relation)
        self.by_mobile = known[by_unionid:by_mobile]

    def _add_contact(self, person, remark, mobiles, members, relation=FULL):
        draw, world = self.random, self.world
        shown = person.name if draw.random() < 0.4 else draw.choice(material.NICKNAMES)
        contact = Contact(world.new_id("wm"), shown, gender=person.gender, unionid=person.unionid)
        world.add_contact(contact)
        followers = draw.choices(self.members, self.weights, k=members)
        for member in dict.fromkeys(member.key for member in followers):
            self._add_follow(world.members[member], contact, person, remark, mobiles, relation)

    def _add_follow(self, member, contact, person, remark, mobiles, relation):
        draw = self.random.random
        createtime = self.today - int(draw() * 3 * 365 * DAY) - DAY
        last_chat = createtime + int(draw() * (self.today - createtime)) if draw() < 0.6 else 0
        store = self.shop.stores[member.department - 2][0]
        tag_ids = (
            self.tag_ids["会员等级", self._level(person)],
            self.tag_ids[self.shop.taste_group, person.taste(self.shop.tastes)],
            self.tag_ids["门店", store],
        )
        self.world.add_follow(
            Follow(
                member,
                contact,
                createtime,
                relation,
                last_chat,
                remark=remark,
                mobiles=mobiles,
                tag_ids=tag_ids if draw() < 0.8 else tag_ids[2:],
                add_way=1 if draw() < 0.7 else 2,
                private_tags=(("个人", "常来"),) if draw() < 0.1 else (),
            )
        )

    def _level(self, person):
        """The membership level that follows from what the person spent, lowest first."""
        place = sum(person.spent_share > bound for bound in (0.6, 1.4, 2.6))
        return self.shop.levels[place]

    def _share_phones(self, people, known, unknown):
        """Give some old customers outside WeCom the number of one inside, so that the number alone does not decide."""
        pairs = min(round(len(people) * SHARED_PHONES), len(unknown), len(self.by_mobile))
        for index, other in zip(self.by_mobile[:pairs], unknown[:pairs], strict=True):
            people[other].phone = people[index].phone

    def _till_entry(self, number, person: Person):
        store = self.shop.stores[person.store_draw % len(self.shop.stores)]
        return {
            "ref": f"C{number:06d}",
            "name": person.name,
            "phone": person.till_phone(),
            "city": store[1],
            "tags": [self._level(person), person.taste(self.shop.till_tags)],
            "last_purchase": person.last_purchase(self.today),
            "total_spent": round(person.spent_share * self.shop.spent, 2),
            "unionid": person.unionid if person.unionid_in_till else None,
        }

    def _fill_caps(self):
        """Bring a few customers of one member to the cap of this month, by his own broadcasts."""
        member = self.members[0]
        single = [
            follow.contact.external_userid
            for follow in member.follow_list
            if follow.relation == FULL and len(follow.contact.follows) == 1
        ][:AT_CAP]
        if not single:
            return
        start, cap = cap_window(self.today, self.world.settings.cap_rule)
        for number in range(cap):
            sent_at = start + (self.today - start) * number // cap
            text = material.OWN_BROADCASTS[number % len(material.OWN_BROADCASTS)]
            confirm(self.world, send_own_broadcast(self.world, member, single, text, sent_at), sent_at)
