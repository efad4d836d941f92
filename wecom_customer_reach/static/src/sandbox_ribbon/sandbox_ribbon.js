import { session } from "@web/session";
import { user } from "@web/core/user";
import { WebClient } from "@web/webclient/webclient";

import { Component } from "@odoo/owl";

/** Above every screen while the calls of a company in use do not go to WeCom itself. */
export class SandboxRibbon extends Component {
    static template = "wecom_customer_reach.SandboxRibbon";
    static props = {};

    /** "sandbox", "gateway" or undefined; a sandbox is said first. */
    get kind() {
        const others = session.wecom_other_addresses || {};
        const kinds = user.activeCompanies.map((company) => others[company.id]);
        return kinds.includes("sandbox") ? "sandbox" : kinds.find(Boolean);
    }
}

WebClient.components = { ...WebClient.components, SandboxRibbon };
