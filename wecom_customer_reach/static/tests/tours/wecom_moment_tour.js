import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** A manager writes a post, sees it as in the feed, is told what is too long, and publishes. */
tours.add("wecom_moment_compose", {
    url: "/odoo/wecom-moments",
    steps: () => [
        { trigger: ".o_list_button_add", run: "click" },
        { trigger: ".o_wecom_moment_preview:contains(appears here)" },
        { trigger: ".o_field_widget[name=name] textarea", run: "edit New teas of the season" },
        { trigger: ".o_field_widget[name=text] textarea", run: `edit ${"x".repeat(2001)}` },
        { trigger: ".o_field_widget[name=name] textarea", run: "click" },
        { trigger: ".alert:contains(Shorten the text to 2000 characters)" },
        { trigger: ".o_field_widget[name=text] textarea", run: "edit The new teas are here." },
        { trigger: ".o_field_widget[name=name] textarea", run: "click" },
        { trigger: ".o_wecom_moment_preview .o_wecom_moment_text:contains(The new teas are here.)" },
        { trigger: "div[name=estimate]:contains(1 customers may see it)" },
        { trigger: "a.nav-link[name=reach]", run: "click" },
        { trigger: ".o_wecom_reach_line:contains(May see it):contains(1)" },
        { trigger: ".o_form_statusbar button[name=action_publish]", run: "click" },
        { trigger: ".modal-footer button:contains(Publish)", run: "click" },
        { trigger: "body:not(:has(.modal)) .o_arrow_button_current:contains(Creating)" },
    ],
});

/** Later, the post is done: who published, who may see it, who liked. */
tours.add("wecom_moment_follow", {
    url: "/odoo/wecom-moments",
    steps: () => [
        { trigger: ".o_data_row:contains(New teas of the season) .o_data_cell[name=name]", run: "click" },
        { trigger: ".o_arrow_button_current:contains(Done)" },
        { trigger: "button[name=action_view_tasks]:contains('1 / 1')" },
        { trigger: "button[name=action_view_audience]:contains(1)" },
        { trigger: "a.nav-link[name=members]", run: "click" },
        { trigger: ".o_field_widget[name=task_ids] .o_data_row:contains(Anna):contains(Published)" },
        { trigger: "button[name=action_view_reactions]:contains(Likes)", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Like):contains(Customer 1)" },
    ],
});

/** A salesperson finds the like in the customer's timeline, makes a lead of it, and sees the timeline there again. */
tours.add("wecom_moment_to_lead", {
    steps: () => [
        { trigger: "a.nav-link[name=wecom_timeline]", run: "click" },
        { trigger: ".o_wecom_timeline li[data-kind=moment]:contains(New teas of the season)" },
        { trigger: ".o_wecom_timeline li[data-kind=added]" },
        { trigger: ".o_wecom_timeline button[data-kind=like]", run: "click" },
        { trigger: ".o_wecom_timeline button[data-kind=like][aria-pressed=true]" },
        { trigger: ".o_wecom_timeline:not(:has(li[data-kind=moment])) li[data-kind=like]" },
        { trigger: "li[data-kind=like] .o_wecom_timeline_lead:contains(Create lead)", run: "click" },
        { trigger: ".o_last_breadcrumb_item:contains(New teas of the season)" },
        { trigger: "a.nav-link[name=wecom_timeline]", run: "click" },
        { trigger: "li[data-kind=like] .o_wecom_timeline_lead:contains(Open lead)" },
    ],
});

tours.add("wecom_moment_preview", {
    url: "/odoo/wecom-moments",
    steps: () => [
        { trigger: ".o_data_row:contains(Four pictures) .o_data_cell[name=name]", run: "click" },
        { trigger: ".o_wecom_moment_grid.o_double img:nth-child(4)" },
        { trigger: ".o_wecom_moment_company:contains(Morning Light)" },
        { trigger: ".o_field_widget[name=kind] label:contains(Video)", run: "click" },
        { trigger: ".alert:contains(switch the kind back)" },
        { trigger: ".o_form_button_cancel", run: "click" },
        { trigger: ".o_form_saved" },
    ],
});
