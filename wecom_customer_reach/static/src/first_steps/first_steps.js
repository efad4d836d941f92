import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

import { Component, onWillStart, useState } from "@odoo/owl";

/** Connect, synchronise, match, send: shown above the broadcasts until all four are done or the user closes it. */
export class FirstSteps extends Component {
    static template = "wecom_customer_reach.FirstSteps";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ steps: [] });
        onWillStart(async () => {
            if (!browser.localStorage.getItem(this.closedKey)) {
                this.state.steps = await this.orm.call("wecom.corp", "first_steps", []);
            }
        });
    }

    get closedKey() {
        return `wecom_first_steps_closed_${user.userId}_${user.activeCompany.id}`;
    }

    get next() {
        return this.state.steps.find((step) => !step.done);
    }

    async open(step) {
        this.action.doAction(await this.orm.call("wecom.corp", "action_first_step", [step.code]));
    }

    close() {
        browser.localStorage.setItem(this.closedKey, "1");
        this.state.steps = [];
    }
}

class FirstStepsListRenderer extends ListRenderer {
    static template = "wecom_customer_reach.FirstStepsListRenderer";
    static components = { ...ListRenderer.components, FirstSteps };
}

class FirstStepsKanbanRenderer extends KanbanRenderer {
    static template = "wecom_customer_reach.FirstStepsKanbanRenderer";
    static components = { ...KanbanRenderer.components, FirstSteps };
}

registry.category("views").add("wecom_first_steps_list", { ...listView, Renderer: FirstStepsListRenderer });
registry.category("views").add("wecom_first_steps_kanban", { ...kanbanView, Renderer: FirstStepsKanbanRenderer });
