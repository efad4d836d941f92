"""Rows to measure with, written by plain SQL: how they come into being is not measured."""

import secrets

MEMBERS = 12


def corp(env):
    """A corp with members of its own, without a cap so that every partner is planned."""
    name = f"benchmark_{secrets.token_hex(4)}"
    company = env["res.company"].create({"name": name})
    env.user.write({"company_ids": [(4, company.id)]})
    corp = env["wecom.corp"].create(
        {"name": "Benchmark", "company_id": company.id, "corpid": name, "cap_policy": "none"}
    )
    env["wecom.member"].sudo().create(
        [{"corp_id": corp.id, "userid": f"member{number}", "name": f"Member {number}"} for number in range(MEMBERS)]
    )
    return corp


def followed_partners(env, corp, count):
    """Make ``count`` partners with a mobile, each followed by a member of ``corp``; return a domain that finds them."""
    env.flush_all()
    env.cr.execute(
        """INSERT INTO res_partner (name, complete_name, ref, active, type, is_company, phone, phone_sanitized,
                                    partner_share, create_uid, write_uid, create_date, write_date)
           SELECT 'Customer ' || n, 'Customer ' || n, %s, true, 'contact', false, '+86' || (13800000000 + n),
                  '+86' || (13800000000 + n), true, 1, 1, now(), now()
             FROM generate_series(1, %s) n
        RETURNING id""",
        [corp.corpid, count],
    )
    ids = [row[0] for row in env.cr.fetchall()]
    env.cr.execute("UPDATE res_partner SET commercial_partner_id = id WHERE id = ANY(%s)", [ids])
    env.cr.execute(
        """INSERT INTO wecom_contact (corp_id, external_userid, name, contact_type, partner_id, match_state, status)
           SELECT %s, 'wm_' || id, name, 'wechat', id, 'matched', 'active'
             FROM res_partner WHERE id = ANY(%s)""",
        [corp.id, ids],
    )
    env.cr.execute(
        """INSERT INTO wecom_follow (member_id, contact_id, status, followed_at)
           SELECT (%s::integer[])[1 + contact.id %% %s], contact.id, 'active', now()
             FROM wecom_contact contact WHERE contact.corp_id = %s""",
        [corp.member_ids.ids, len(corp.member_ids), corp.id],
    )
    env.invalidate_all()
    env.cr.commit()  # pylint: disable=invalid-commit  # statistics are taken of committed rows
    env.cr.execute("ANALYZE res_partner, wecom_contact, wecom_follow")
    return [("ref", "=", corp.corpid)]


def reasons(env, corp):
    """Let half of the partners of :func:`followed_partners` be left out of a broadcast, for five reasons.

    Every partner has received an earlier broadcast; the cap is checked and a quiet period of 7 days holds.
    """
    corp.sudo().write({"cap_policy": "month_days", "quiet_days": 7})
    earlier = env["wecom.broadcast"].create({"name": "Earlier", "corp_id": corp.id, "text": "We are open again"})
    env.flush_all()
    env.cr.execute(
        """INSERT INTO wecom_broadcast_recipient
                  (broadcast_id, partner_id, contact_id, external_userid, state, sent_at)
           SELECT %s, partner_id, id, external_userid, 'sent',
                  now() AT TIME ZONE 'UTC' - CASE partner_id %% 10 WHEN 3 THEN 1 ELSE 40 END * interval '1 day'
             FROM wecom_contact WHERE corp_id = %s""",
        [earlier.id, corp.id],
    )
    for statement in (
        "UPDATE res_partner SET wecom_opt_out = true WHERE id %% 10 = 1 AND ref = %(ref)s",
        """UPDATE wecom_follow SET status = 'deleted_by_customer' FROM wecom_contact contact
            WHERE contact.id = contact_id AND partner_id %% 10 = 2 AND corp_id = %(corp)s""",
        """UPDATE wecom_follow SET status = 'half' FROM wecom_contact contact
            WHERE contact.id = contact_id AND partner_id %% 10 = 4 AND corp_id = %(corp)s""",
        "UPDATE wecom_contact SET partner_id = NULL WHERE partner_id %% 10 = 0 AND corp_id = %(corp)s",
    ):
        env.cr.execute(statement, {"ref": corp.corpid, "corp": corp.id})
    env.invalidate_all()
    env.cr.commit()  # pylint: disable=invalid-commit  # statistics are taken of committed rows
    env.cr.execute("ANALYZE res_partner, wecom_contact, wecom_follow, wecom_broadcast_recipient")
