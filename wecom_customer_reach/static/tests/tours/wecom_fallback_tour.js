import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** A broadcast that does not reach everybody: the others get an SMS. */
tours.add("wecom_fallback_sms", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks) .o_data_cell[name=name]", run: "click" },
        { trigger: ".alert:contains('2 of 3 cannot be reached.')" },
        { trigger: ".o_notebook_headers a[name=fallback]", run: "click" },
        { trigger: ".o_field_widget[name=fallback_ids] .o_field_x2many_list_row_add a", run: "click" },
        { trigger: ".modal .o_field_widget[name=reason] :is(input, select)" },
        { trigger: ".modal .o_field_widget[name=sms_text] textarea", run: "edit We are closed. See our shop." },
        { trigger: ".modal .o_form_button_save", run: "click" },
        { trigger: ".o_field_widget[name=fallback_ids] .o_data_row:contains(SMS)" },
        { trigger: "body:not(:has(.modal)) button[name=action_send]", run: "click" },
        { trigger: ".modal-footer .btn-primary:contains(Send)", run: "click" },
        { trigger: ".o_arrow_button_current:contains(Sending)" },
    ],
});

/** What came of it: the SMS, whom it was impossible to tell, and the result. */
tours.add("wecom_fallback_result", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks) .o_data_cell[name=name]", run: "click" },
        { trigger: ".o_notebook_headers a[name=result]", run: "click" },
        { trigger: ".o_wecom_outcome_line[data-code=sent]:contains(1):contains('100 %')" },
        { trigger: ".o_wecom_delivery_curve:contains('1 of 1 delivered') canvas" },
        { trigger: ".o_wecom_delivery_curve button[data-span=week]", run: "click" },
        { trigger: ".o_wecom_delivery_curve button[data-span=week].active" },
        { content: "The number opens its rows", trigger: ".o_wecom_outcome_line[data-code=sent] button", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Reached)" },
        { trigger: ".breadcrumb-item:contains(Closed for two weeks) a", run: "click" },
        { trigger: ".oe_stat_button:contains(Told Otherwise):contains(1)", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Stranger):contains(Handed over)" },
        { trigger: ".breadcrumb-item:contains(Closed for two weeks) a", run: "click" },
        { trigger: ".o_notebook_headers a[name=fallback]", run: "click" },
        { trigger: ".o_field_widget[name=fallback_ids] button[name=action_view_lines]", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(No phone):contains(No telephone number)" },
    ],
});
