import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** From the partner list, with a filter, to a sent broadcast with a text and a link. */
tours.add("wecom_broadcast_send", {
    url: "/odoo/contacts?view_type=list",
    steps: () => [
        { content: "Filter the list by name", trigger: ".o_searchview_input", run: "edit Tour customer" },
        { trigger: ".o_searchview_autocomplete .o-dropdown-item:first", run: "click" },
        { trigger: ".o_facet_value:contains(Tour customer)" },
        { trigger: ".o_pager_limit:contains(83)" },
        { content: "Select the page", trigger: "thead .o_list_record_selector input", run: "click" },
        { content: "Select all that match", trigger: ".o_select_domain", run: "click" },
        { trigger: ".o_selection_box:contains(All 83)" },
        { trigger: ".o_cp_action_menus button:contains(Actions)", run: "click" },
        { trigger: ".o_menu_item:contains(Send WeCom broadcast)", run: "click" },
        {
            content: "The filter itself came along, and the reach is counted",
            trigger: ".o_wecom_broadcast_form .o_field_widget[name=audience_count]:contains(83)",
        },
        { trigger: ".o_field_widget[name=reachable_count]:contains(82)" },
        { trigger: ".o_field_widget[name=name] textarea", run: "edit Closed for two weeks" },
        { trigger: ".o_field_widget[name=text] textarea", run: "edit 闭店两周，网上商城照常。" },
        { content: "Bytes, not characters, are counted", trigger: ".o_wecom_byte_counter:contains('36 / 4,000')" },
        { trigger: ".o_field_widget[name=attachment_ids] .o_field_x2many_list_row_add a", run: "click" },
        { trigger: ".modal .o_field_widget[name=kind] input[data-value=link]", run: "click" },
        { trigger: ".modal .o_field_widget[name=title] input", run: "edit Online shop" },
        { trigger: ".modal .o_field_widget[name=url] input", run: "edit https://shop.example.com/" },
        { trigger: ".modal .o_form_button_save", run: "click" },
        { trigger: ".o_field_widget[name=attachment_ids] .o_data_row:contains(Online shop)" },
        { trigger: "body:not(:has(.modal)) button[name=action_send]", run: "click" },
        { trigger: ".modal-footer .btn-primary:contains(Send)", run: "click" },
        { trigger: ".o_arrow_button_current:contains(Sending)" },
    ],
});

/** The members have confirmed: ask for the results. */
tours.add("wecom_broadcast_refresh", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks) .o_data_cell[name=name]", run: "click" },
        { trigger: ".alert:contains('2 of 2 members have not sent yet; 3 reminders left today.')" },
        { trigger: ".oe_stat_button:contains(Planned):contains(82)" },
        { trigger: "button[name=action_refresh_results]", run: "click" },
        { trigger: ".o_form_saved, .o_wecom_broadcast_form" },
    ],
});

/** The figures, and what they open. */
tours.add("wecom_broadcast_results", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks) .o_data_cell[name=name]", run: "click" },
        { trigger: ".o_arrow_button_current:contains(Done)" },
        { trigger: ".alert:contains(Final since)" },
        { trigger: ".oe_stat_button:contains(Delivered):contains('98.78')" },
        { trigger: ".oe_stat_button:contains(Members sent):contains('2 / 2')" },
        { content: "See why one could not be reached", trigger: ".o_widget_wecom_open_tab button", run: "click" },
        { trigger: ".o_wecom_reach_line[data-code=no_contact] button:contains(/^1$/)", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Tour customer stranger)" },
        { trigger: ".o_pager_limit:contains(/^1$/), .o_list_view:not(:has(.o_data_row:nth-child(2):contains(Tour)))" },
        { trigger: ".o_back_button, .breadcrumb-item:contains(Closed for two weeks) a", run: "click" },
        { content: "The one who deleted the member", trigger: ".oe_stat_button:contains(Not a friend)", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Tour customer 7)" },
    ],
});
