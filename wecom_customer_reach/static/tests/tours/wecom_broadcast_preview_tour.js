import { registry } from "@web/core/registry";

/** Put a text into a field at once and stay in it: nothing is written to the record yet. */
function paste(field, text) {
    field.focus();
    field.value = text;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/** What is typed stands on the phone with every key; counters turn red, and say why in numbers. */
registry.category("web_tour.tours").add("wecom_broadcast_preview", {
    steps: () => [
        { trigger: ".o_wecom_broadcast_preview:contains(Morning Light)" },
        { trigger: ".o_wecom_bubble_text:contains(We are closed for two weeks.)" },
        { trigger: ".o_wecom_bubble[data-kind=image] img" },
        { trigger: ".o_wecom_bubble[data-kind=link]:contains(Our online shop):contains(Open day and night)" },
        { trigger: ".o_wecom_bubble[data-kind=file]:contains(prices.pdf)" },
        { trigger: ".o_wecom_item_counter:contains(3 of 9)" },
        { trigger: ".o_field_widget[name=text] textarea", run: ({ anchor }) => paste(anchor, "Half") },
        { trigger: ".o_wecom_bubble_text:contains(/^Half$/)" },
        { trigger: ".o_field_widget[name=text] textarea", run: ({ anchor }) => paste(anchor, "x".repeat(4001)) },
        { trigger: ".o_wecom_byte_counter.text-danger:contains(4,001)" },
        { trigger: ".o_form_button_cancel", run: "click" },
        { trigger: ".o_wecom_bubble_text:contains(We are closed for two weeks.)" },
    ],
});
