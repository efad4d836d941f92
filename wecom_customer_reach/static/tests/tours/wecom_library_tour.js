import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** Keep the content of one broadcast, find it in the library, insert it in another. */
tours.add("wecom_library", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks) .o_data_cell[name=name]", run: "click" },
        { trigger: "button[name=action_save_as_material]", run: "click" },
        { content: "It opens in the library", trigger: ".o_field_widget[name=is_shared] input", run: "click" },
        { trigger: ".o_field_widget[name=name] textarea", run: "edit Shop is closed" },
        { trigger: "button[name=action_toggle_favorite]:has(.fa-star-o)", run: "click" },
        { trigger: "button[name=action_toggle_favorite]:has(.fa-star)" },
        { trigger: ".o_menu_sections [data-menu-xmlid='wecom_customer_reach.wecom_material_menu']", run: "click" },
        { content: "With its picture", trigger: ".o_kanban_record:contains(Shop is closed) img.o_wecom_material_picture" },
        { trigger: ".o_menu_sections [data-menu-xmlid='wecom_customer_reach.wecom_broadcast_menu']", run: "click" },
        { trigger: ".o_data_row:contains(Autumn colours) .o_data_cell[name=name]", run: "click" },
        { trigger: "button[name=action_insert_material]", run: "click" },
        { trigger: ".modal .o_field_widget[name=only_favorites] input", run: "click" },
        { trigger: ".modal .o_field_widget[name=material_id] input", run: "edit closed" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Shop is closed)", run: "click" },
        { content: "The preview", trigger: ".modal .o_field_widget[name=text]:contains(We are closed for two weeks.)" },
        { trigger: ".modal .o_field_widget[name=attachment_ids] .o_data_row:contains(closed.png)" },
        { trigger: ".modal button[name=action_insert]", run: "click" },
        { trigger: "body:not(:has(.modal)) .o_field_widget[name=attachment_ids] .o_data_row:contains(closed.png)" },
    ],
});

/** A deadline is set while the members are asked; the ranking shows who was late. */
tours.add("wecom_deadline", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks) .o_data_cell[name=name]", run: "click" },
        { trigger: ".o_field_widget[name=next_reminder_at]" },
        { trigger: ".o_field_widget[name=auto_remind] input:checked" },
    ],
});

/** After the deadline: the activity, and the ranking of the members. */
tours.add("wecom_deadline_passed", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_data_row:contains(Closed for two weeks) .o_data_cell[name=name]", run: "click" },
        { content: "The manager is told", trigger: ".o-mail-Activity:contains(2 members have not sent at the deadline)" },
        { trigger: ".o-mail-Message:contains(were reminded)" },
        {
            trigger: ".o_menu_sections [data-menu-xmlid='wecom_customer_reach.wecom_reporting_menu']",
            run: "click",
        },
        { trigger: "[data-menu-xmlid='wecom_customer_reach.wecom_member_completion_menu']", run: "click" },
        { trigger: ".o_data_row:contains(Anna) .o_data_cell[name=late_count]:contains(1)" },
        { trigger: ".o_data_row:contains(Anna) button[name=action_view_tasks]", run: "click" },
        { trigger: ".o_data_row:contains(Closed for two weeks):contains(Anna)" },
    ],
});
