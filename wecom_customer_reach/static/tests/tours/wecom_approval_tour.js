import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** The author cannot send: he asks. */
tours.add("wecom_approval_ask", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks) .o_data_cell[name=name]", run: "click" },
        { trigger: ".alert:contains('Every broadcast has to be approved before it is sent.')" },
        { trigger: ".o_form_statusbar:not(:has(button[name=action_send])) button[name=action_request_approval]", run: "click" },
        { trigger: ".o_arrow_button_current:contains(To approve)" },
        { trigger: ".alert:contains('Waits for approval')" },
        { trigger: ".o_form_statusbar:not(:has(button[name=action_open_decision])) button[name=action_draft]" },
    ],
});

/** The approver finds it, looks at what would go out, and approves. */
tours.add("wecom_approval_approve", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks):contains(To approve) .o_data_cell[name=name]", run: "click" },
        { trigger: ".o_form_statusbar button[name=action_open_decision]", run: "click" },
        { trigger: ".modal .o_field_widget[name=text]:contains(We are closed for two weeks.)" },
        { trigger: ".modal .o_field_widget[name=reachable_count]:contains(1)" },
        { trigger: ".modal .o_field_widget[name=comment] textarea", run: "edit Good, go ahead." },
        { trigger: ".modal-footer button[name=action_approve]", run: "click" },
        { trigger: "body:not(:has(.modal)) .o_arrow_button_current:contains(Sending)" },
    ],
});
