import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { formatFloat, formatInteger } from "@web/views/fields/formatters";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { Component, onWillStart, useState } from "@odoo/owl";

/** Where the company stands with its customers on WeCom: a click on a number opens exactly the rows it counts. */
export class Overview extends Component {
    static template = "wecom_customer_reach.Overview";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.env.config.setDisplayName(_t("Overview"));
        this.state = useState({ sections: [], members: [], connected: true });
        onWillStart(async () => {
            Object.assign(this.state, await this.orm.call("wecom.overview", "get_overview", []));
        });
    }

    get display() {
        return { controlPanel: {} };
    }

    count(tile) {
        return formatInteger(tile.count);
    }

    percent(member) {
        return `${formatFloat(member.percent, { digits: [0, 0] })} %`;
    }

    async open(code) {
        this.action.doAction(await this.orm.call("wecom.overview", "action_open", [code]));
    }

    async openMember(member) {
        this.action.doAction(await this.orm.call("wecom.member.completion", "action_view_tasks", [[member.id]]));
    }

    openBroadcasts() {
        this.action.doAction("wecom_customer_reach.wecom_broadcast_action");
    }
}

registry.category("actions").add("wecom_overview", Overview);
