import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

/** One line per day: how many customers would be refused, as a number and as a bar. */
export class CapForecast extends Component {
    static template = "wecom_customer_reach.CapForecast";
    static props = { ...standardFieldProps };

    get lines() {
        return (this.props.record.data[this.props.name] || []).map((line) => ({
            ...line,
            countText: formatInteger(line.count),
        }));
    }
}

registry.category("fields").add("wecom_cap_forecast", {
    component: CapForecast,
    displayName: _t("Cap forecast"),
    supportedTypes: ["json"],
});
