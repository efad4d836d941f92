import { cookie } from "@web/core/browser/cookie";
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const row = (code, state) => `.o_wecom_setup_checks [data-code=${code}][data-state=${state}]`;

/** Rows that were mended turn green one by one; then all rows are looked at, and those that are broken say why. */
tours.add("wecom_setup_lights", {
    url: "/odoo/wecom-setup",
    steps: () => {
        const { mended, broken, progress } = JSON.parse(decodeURIComponent(cookie.get("wecom_tour")));
        return [
            { content: "The checklist is open", trigger: ".o_wecom_setup .o_wecom_setup_checks [data-code=corp_id]" },
            { content: "Every screen says that this is not WeCom", trigger: ".o_wecom_sandbox_ribbon[data-kind=sandbox]" },
            ...mended.flatMap((code) => [
                { trigger: `${row(code, "failed")} button[name=action_check]`, run: "click" },
                { content: `${code} is mended`, trigger: row(code, "ok") },
            ]),
            { trigger: "button[name=action_check_all]", run: "click" },
            ...broken.map(([code, words]) => ({
                content: `${code} says what is wrong`,
                trigger: `${row(code, "failed")}:contains(${words})`,
            })),
            { content: "How far it is", trigger: `.o_wecom_setup_progress:contains(${progress})` },
        ];
    },
});

/** The banner above the broadcasts leads to the next step, and is gone when it is closed. */
tours.add("wecom_first_steps", {
    url: "/odoo/wecom-broadcasts",
    steps: () => [
        { trigger: ".o_wecom_first_steps [data-step=connect] .fa-check-circle" },
        { trigger: ".o_wecom_first_steps [data-step=synchronise] .fa-check-circle" },
        { trigger: ".o_wecom_first_steps [data-step=match] .fa-check-circle" },
        { trigger: ".o_wecom_first_steps [data-step=broadcast] button:contains(New broadcast)", run: "click" },
        { trigger: ".o_form_view .o_field_widget[name=name]" },
        { trigger: ".o_menu_sections [data-menu-xmlid='wecom_customer_reach.wecom_broadcast_menu']", run: "click" },
        { trigger: ".o_wecom_first_steps .btn-close", run: "click" },
        { trigger: ".o_list_view:not(:has(.o_wecom_first_steps))" },
    ],
});
