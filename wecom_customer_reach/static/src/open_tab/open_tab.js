import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component } from "@odoo/owl";

/** A link in an alert of a form that brings the reader to one of its tabs. */
export class OpenTab extends Component {
    static template = "wecom_customer_reach.OpenTab";
    static props = { ...standardWidgetProps, tab: String, label: String };

    open(ev) {
        const form = ev.target.closest(".o_form_renderer");
        const tab = form.querySelector(`.o_notebook_headers a[name="${this.props.tab}"]`);
        tab.click();
        tab.scrollIntoView({ behavior: "smooth", block: "nearest" });
    }
}

registry.category("view_widgets").add("wecom_open_tab", {
    component: OpenTab,
    extractProps: ({ attrs }) => ({ tab: attrs.tab, label: attrs.string }),
});
