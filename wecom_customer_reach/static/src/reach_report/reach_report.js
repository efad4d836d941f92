import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatFloat, formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

/** One line per reason: how many, what share, what it means, what can be done. A click opens exactly these customers. */
export class ReachReport extends Component {
    static template = "wecom_customer_reach.ReachReport";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get lines() {
        return (this.props.record.data[this.props.name] || []).map((line) => ({
            ...line,
            countText: formatInteger(line.count),
            shareText: `${formatFloat(line.share, { digits: [0, 1], trailingZeros: false })} %`,
        }));
    }

    async open(code) {
        const { record } = this.props;
        if (await record.save()) {
            this.action.doAction(await this.orm.call(record.resModel, "action_view_reason", [[record.resId], code]));
        }
    }

    async act(code, button) {
        const { record } = this.props;
        if (await record.save()) {
            this.action.doAction(
                await this.orm.call(record.resModel, "action_for_reason", [[record.resId], code, button])
            );
        }
    }
}

registry.category("fields").add("wecom_reach_report", {
    component: ReachReport,
    displayName: _t("Reach report"),
    supportedTypes: ["json"],
});
