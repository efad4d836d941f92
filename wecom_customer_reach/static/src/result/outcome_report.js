import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

import { ReachReport } from "../reach_report/reach_report";

/** One line per outcome: how many, what share. A click opens exactly these customers. */
export class OutcomeReport extends ReachReport {
    static template = "wecom_customer_reach.OutcomeReport";

    async open(code) {
        const { resModel, resId } = this.props.record;
        this.action.doAction(await this.orm.call(resModel, "action_view_outcome", [[resId], code]));
    }

    colour(code) {
        return {
            sent: "bg-success",
            not_friend: "bg-warning",
            capped: "bg-danger",
            refused: "bg-danger",
        }[code] || "o_wecom_pending";
    }
}

registry.category("fields").add("wecom_outcome_report", {
    component: OutcomeReport,
    displayName: _t("Outcome"),
    supportedTypes: ["json"],
});
