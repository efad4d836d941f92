"""What each group may do with each model of the addon; ``docs/architecture.md`` § 4 says it in words."""

ALLOWED = {
    # model: what user, manager and administrator may do
    "wecom.corp": ("r", "r", "rwcd"),
    "wecom.access.token": ("", "", ""),
    "wecom.rate.limit": ("", "", ""),
    "wecom.member": ("r", "r", "rw"),
    "wecom.contact": ("r", "rw", "rw"),
    "wecom.follow": ("rw", "rw", "rw"),
    "wecom.tag.group": ("r", "rwc", "rwc"),
    "wecom.tag": ("r", "rwc", "rwc"),
    "wecom.tag.delete": ("", "rwcd", "rwcd"),
    "wecom.tag.marking": ("r", "r", "r"),
    "wecom.tag.marking.line": ("r", "r", "r"),
    "wecom.tag.marking.start": ("rwcd", "rwcd", "rwcd"),
    "wecom.sync": ("", "", "r"),
    "wecom.sync.seen": ("", "", ""),
    "wecom.loss": ("r", "r", "r"),
    "wecom.department": ("r", "r", "r"),
    "wecom.event": ("", "", "r"),
    "wecom.callback.refusal": ("", "", "r"),
    "wecom.setup.check": ("", "", "r"),
    "wecom.broadcast": ("rwcd", "rwcd", "rwcd"),
    "wecom.broadcast.batch": ("r", "r", "r"),
    "wecom.broadcast.task": ("r", "r", "r"),
    "wecom.broadcast.recipient": ("r", "r", "r"),
    "wecom.broadcast.reach": ("r", "r", "r"),
    "wecom.broadcast.decision": ("", "", "rwcd"),
    "wecom.broadcast.stop": ("rwcd", "rwcd", "rwcd"),
    "wecom.broadcast.test": ("rwcd", "rwcd", "rwcd"),
    "wecom.broadcast.move": ("rwcd", "rwcd", "rwcd"),
    "wecom.broadcast.sender": ("", "", ""),
    "wecom.broadcast.retry": ("rwcd", "rwcd", "rwcd"),
    "wecom.broadcast.retry.line": ("rwcd", "rwcd", "rwcd"),
    "wecom.broadcast.fallback": ("rwcd", "rwcd", "rwcd"),
    "wecom.broadcast.fallback.line": ("r", "r", "r"),
    "wecom.broadcast.import": ("", "", "r"),
    "wecom.broadcast.report": ("r", "r", "r"),
    "wecom.channel.report": ("r", "r", "r"),
    "wecom.touch": ("r", "r", "r"),
    "wecom.timeline.entry": ("r", "r", "r"),
    "wecom.member.completion": ("", "r", "r"),
    "wecom.member.task": ("r", "r", "r"),
    "wecom.material": ("rwcd", "rwcd", "rwcd"),
    "wecom.material.category": ("r", "rwcd", "rwcd"),
    "wecom.material.insert": ("rwcd", "rwcd", "rwcd"),
    "wecom.moment": ("rwcd", "rwcd", "rwcd"),
    "wecom.moment.import": ("", "", "r"),
    "wecom.moment.rule": ("", "rwcd", "rwcd"),
    "wecom.moment.rule.log": ("", "r", "r"),
    "wecom.moment.task": ("r", "r", "r"),
    "wecom.moment.audience": ("r", "r", "r"),
    "wecom.moment.reaction": ("r", "r", "r"),
    "wecom.attachment": ("rwcd", "rwcd", "rwcd"),
    "wecom.erasure": ("", "r", "rd"),
    "wecom.erasure.start": ("", "rwcd", "rwcd"),
    "wecom.media": ("", "", "rd"),
}

GROUPS = ("user", "manager", "administrator")

BUTTONS_OF = {
    # model: {first letters of the groups that may press: the buttons}
    "res.config.settings": {
        "a": (
            "action_wecom_generate_callback_aes_key action_wecom_generate_callback_key "
            "action_wecom_generate_callback_token action_wecom_open_corp action_wecom_open_setup "
            "action_wecom_synchronise action_wecom_test_connection"
        ),
    },
    "res.partner": {
        "uma": (
            "action_wecom_broadcasts action_wecom_contacts action_wecom_interested action_wecom_not_interested "
            "action_wecom_touches"
        ),
    },
    "wecom.broadcast": {
        "uma": (
            "action_cancel action_check_links action_draft action_duplicate action_forecast_caps "
            "action_insert_material action_open_record action_open_retry action_open_stop action_open_test "
            "action_refresh_results action_remind action_request_approval action_save_as_material action_schedule "
            "action_send action_view_clicks action_view_fallback action_view_leads action_view_links "
            "action_view_recipients action_view_report action_view_senders action_view_tasks "
            "action_work_out_reach action_write_email action_write_sms"
        ),
        "a": "action_open_decision",
    },
    "wecom.broadcast.batch": {
        "ma": "action_declare_not_made action_retry",
    },
    "wecom.broadcast.decision": {
        "a": "action_approve action_refuse",
    },
    "wecom.broadcast.fallback": {
        "uma": "action_start action_view_lines",
    },
    "wecom.broadcast.import": {
        "a": "action_import",
    },
    "wecom.broadcast.move": {
        "uma": "action_move",
    },
    "wecom.broadcast.reach": {
        "uma": "action_open_move",
    },
    "wecom.broadcast.retry": {
        "uma": "action_retry",
    },
    "wecom.broadcast.stop": {
        "uma": "action_stop",
    },
    "wecom.broadcast.task": {
        "uma": "action_view_recipients",
    },
    "wecom.broadcast.test": {
        "uma": "action_send",
    },
    "wecom.contact": {
        "uma": "action_open_partner",
        "ma": "action_create_partner action_no_partner",
    },
    "wecom.corp": {
        "uma": "action_open_contacts action_open_lost action_open_members action_open_to_match",
        "a": (
            "action_check_all action_generate_callback_aes_key action_generate_callback_key "
            "action_generate_callback_token action_open_events action_open_setup action_synchronise "
            "action_test_connection"
        ),
    },
    "wecom.erasure.start": {
        "ma": "action_erase",
    },
    "wecom.event": {
        "a": "action_retry action_show_contact",
    },
    "wecom.follow": {
        "uma": "action_edit_remark",
    },
    "wecom.material": {
        "uma": "action_toggle_favorite action_use_in_broadcast action_view_broadcasts",
    },
    "wecom.material.insert": {
        "uma": "action_insert",
    },
    "wecom.member": {
        "uma": "action_open_contacts",
    },
    "wecom.member.task": {
        "uma": "action_open_source",
    },
    "wecom.member.completion": {
        "ma": "action_view_tasks",
    },
    "wecom.moment": {
        "uma": (
            "action_ask_approval action_cancel action_draft action_duplicate action_publish "
            "action_refresh_results action_remind action_scale_pictures action_schedule action_stop "
            "action_view_audience action_view_reactions action_view_tasks"
        ),
        "ma": "action_declare_not_made action_refuse",
    },
    "wecom.moment.import": {
        "a": "action_import",
    },
    "wecom.setup.check": {
        "a": "action_check action_send_test",
    },
    "wecom.sync": {
        "a": "action_cancel action_continue action_refresh",
    },
    "wecom.moment.rule": {
        "ma": "action_view_log",
    },
    "wecom.moment.rule.log": {
        "ma": "action_open_made action_retry",
    },
    "wecom.tag": {
        "uma": "action_explain_lock action_open_contacts",
        "ma": "action_delete",
    },
    "wecom.tag.delete": {
        "ma": "action_delete",
    },
    "wecom.tag.marking": {
        "uma": "action_cancel action_continue action_open_lines action_refresh action_retry_failed",
    },
    "wecom.tag.marking.start": {
        "uma": "action_start",
    },
}
BUTTONS = {
    (model, method): letters
    for model, by_letters in BUTTONS_OF.items()
    for letters, methods in by_letters.items()
    for method in methods.split()
}
"""{(model, method): first letters of the groups that may press it}. Whoever may not does not see it either."""
