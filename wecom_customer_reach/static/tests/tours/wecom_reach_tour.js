import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** Who can be reached and why not; the strangers get an SMS; one customer is moved to another member; then it is sent. */
tours.add("wecom_reach_sms", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks) .o_data_cell[name=name]", run: "click" },
        { trigger: ".alert:contains('2 of 4 cannot be reached.')" },
        { trigger: ".o_notebook_headers a[name=reach]", run: "click" },
        { trigger: "button[name=action_work_out_reach]", run: "click" },
        { trigger: ".o_field_widget[name=sender_message]:contains('Added the customer first')" },
        { trigger: ".o_wecom_reach_line[data-code='']:contains('Will receive'):contains('50 %')" },
        { trigger: ".o_wecom_reach_line[data-code=no_contact] .btn-link:contains(2)", run: "click" },
        { content: "Exactly these customers", trigger: ".o_list_view .o_data_row:contains(Stranger)" },
        { trigger: ".o_list_view .o_data_row:contains(No phone)" },
        { trigger: ".o_list_view:not(:has(.o_data_row:contains(Reached)))" },
        { trigger: ".breadcrumb-item:contains(Closed for two weeks) a", run: "click" },
        { trigger: ".o_notebook_headers a[name=reach]", run: "click" },
        { trigger: ".o_wecom_reach_line[data-code=no_contact] button[data-action=ask_to_add]", run: "click" },
        { trigger: ".o_notification:contains('Activities made: 2.')" },
        { trigger: ".o_wecom_reach_line[data-code=no_contact] button[data-action=sms]", run: "click" },
        { trigger: ".modal .o_field_widget[name=body] textarea", run: "edit We are closed. See our shop." },
        { trigger: ".modal button[name=action_send_sms]", run: "click" },
        { trigger: "body:not(:has(.modal)) button[name=action_view_senders]", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Reached):contains(Anna)" },
        { trigger: ".o_data_row:contains(Reached) .o_list_record_selector input", run: "click" },
        { trigger: "button[name=action_open_move]", run: "click" },
        { trigger: ".modal .o_field_widget[name=followers_text]:contains('Clara: 1')" },
        { trigger: ".modal .o_field_widget[name=member_id] input", run: "edit Clara" },
        { trigger: ".ui-autocomplete .ui-menu-item a:contains(Clara)", run: "click" },
        { trigger: ".modal .o_field_widget[name=message]:contains('1 customers will be sent to by Clara.')" },
        { trigger: ".modal button[name=action_move]", run: "click" },
        { trigger: "body:not(:has(.modal)) .breadcrumb-item:contains(Closed for two weeks) a", run: "click" },
        { trigger: ".o_notebook_headers a[name=reach]", run: "click" },
        { trigger: ".o_field_widget[name=sender_message]:contains('Chosen by hand: 1')" },
        { trigger: "button[name=action_send]", run: "click" },
        { trigger: ".modal-footer .btn-primary:contains(Send)", run: "click" },
        { trigger: ".o_arrow_button_current:contains(Sending)" },
    ],
});
