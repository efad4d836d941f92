import { cookie } from "@web/core/browser/cookie";
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

const openSettings = [
    {
        content: "The WeCom part of the settings is open",
        trigger: ".app_settings_block[data-key=wecom_customer_reach] .o_field_widget[name=wecom_corpid] input",
    },
];

const field = (name) => `.o_field_widget[name=wecom_${name}] input`;
const testConnection = { trigger: "button[name=action_wecom_test_connection]", run: "click" };

/** Credentials typed, a wrong secret first: WeCom's refusal in plain words, then the right one. */
tours.add("wecom_settings_connection", {
    url: "/odoo/action-wecom_customer_reach.res_config_settings_action",
    steps: () => {
        const { corpId, agentId, secret, baseUrl } = JSON.parse(decodeURIComponent(cookie.get("wecom_tour")));
        return [
            ...openSettings,
            { trigger: field("corpid"), run: `edit ${corpId}` },
            { trigger: field("agentid"), run: `edit ${agentId}` },
            { trigger: field("secret_input"), run: "edit not-the-secret-of-this-app-at-all-0123456789" },
            { trigger: field("base_url"), run: `edit ${baseUrl}` },
            testConnection,
            {
                content: "Why it does not work, and what to do",
                trigger: ".alert-danger[name=wecom_connection_failed]:contains('WeCom does not accept the secret')",
            },
            { trigger: ".alert-danger[name=wecom_connection_failed]:contains('Copy the secret of the app')" },
            { trigger: field("secret_input"), run: `edit ${secret}` },
            testConnection,
            {
                content: "It works, and says what WeCom shows",
                trigger: ".alert-success[name=wecom_connection_ok]:contains(WeCom lists 3 members)",
            },
            { content: "The secret cannot be read again", trigger: `${field("secret_input")}:value()` },
            { trigger: ".o_setting_box:contains(A secret is stored)" },
        ];
    },
});
