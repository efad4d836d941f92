import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";

const ICONS = {
    broadcast: "fa-paper-plane",
    moment: "fa-picture-o",
    like: "fa-heart",
    comment: "fa-comment",
    added: "fa-user-plus",
    lost: "fa-user-times",
    won_back: "fa-undo",
    handed_over: "fa-exchange",
};

/** What happened between one customer and the members he knows, day by day, the latest first. */
export class Timeline extends Component {
    static template = "wecom_customer_reach.Timeline";
    static props = { ...standardWidgetProps, partnerField: { type: String, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ entries: [], more: false, kinds: [], chosen: [] });
        onWillStart(() => this.load(this.partnerIdOf(this.props)));
        onWillUpdateProps((nextProps) => this.load(this.partnerIdOf(nextProps)));
    }

    partnerIdOf({ record, partnerField }) {
        return partnerField ? record.data[partnerField]?.id : record.resId;
    }

    async load(partnerId, before = null) {
        this.partnerId = partnerId;
        if (!partnerId) {
            Object.assign(this.state, { entries: [], more: false });
            return;
        }
        const page = await this.orm.call("wecom.timeline.entry", "get_timeline", [partnerId], {
            kinds: this.state.chosen,
            before,
        });
        if (partnerId === this.partnerId) {
            const known = before ? this.state.entries : [];
            Object.assign(this.state, { ...page, entries: [...known, ...page.entries] });
        }
    }

    loadMore() {
        const last = this.state.entries.at(-1);
        return this.load(this.partnerId, [last.date, last.id]);
    }

    choose(kind) {
        const { chosen } = this.state;
        this.state.chosen = chosen.includes(kind) ? chosen.filter((other) => other !== kind) : [...chosen, kind];
        return this.load(this.partnerId);
    }

    /** The entries by day: [{ day, entries }], in their order. */
    get days() {
        const labels = Object.fromEntries(this.state.kinds);
        const days = [];
        for (const entry of this.state.entries) {
            const date = deserializeDateTime(entry.date);
            const day = date.toLocaleString({ year: "numeric", month: "long", day: "numeric", weekday: "short" });
            if (days.at(-1)?.day !== day) {
                days.push({ day, entries: [] });
            }
            days.at(-1).entries.push({
                ...entry,
                icon: ICONS[entry.kind],
                label: labels[entry.kind],
                time: date.toLocaleString({ hour: "2-digit", minute: "2-digit" }),
                fullTime: formatDateTime(date),
            });
        }
        return days;
    }

    get emptyText() {
        if (!this.partnerId) {
            return _t("Choose a customer first: what happened with him on WeCom appears here.");
        }
        return this.state.chosen.length
            ? _t("Nothing of this kind has happened yet.")
            : _t("Nothing has happened on WeCom yet. Once a member has added the customer, it appears here.");
    }

    openSource([model, id]) {
        this.action.doAction({ type: "ir.actions.act_window", res_model: model, res_id: id, views: [[false, "form"]] });
    }

    async openLead(reactionId) {
        this.action.doAction(await this.orm.call("wecom.moment.reaction", "action_create_lead", [[reactionId]]));
    }
}

registry.category("view_widgets").add("wecom_timeline", {
    component: Timeline,
    extractProps: ({ attrs }) => ({ partnerField: attrs.partner_field }),
});
