/* global Chart */

import { loadBundle } from "@web/core/assets";
import { getColor } from "@web/core/colors/colors";
import { cookie } from "@web/core/browser/cookie";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, onWillStart, useEffect, useRef, useState } from "@odoo/owl";

const HOURS = { day: 24, week: 168 };

/** How many customers had the broadcast after each hour: the first 24 hours, or 7 days. */
export class DeliveryCurve extends Component {
    static template = "wecom_customer_reach.DeliveryCurve";
    static props = { ...standardFieldProps };

    setup() {
        this.canvas = useRef("canvas");
        this.state = useState({ span: "day" });
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                const chart = this.points.length ? this.draw() : undefined;
                return () => chart?.destroy();
            },
            () => [this.state.span, this.props.record.data[this.props.name]]
        );
    }

    get curve() {
        return this.props.record.data[this.props.name] || { delivered: [], planned: 0 };
    }

    get points() {
        return this.curve.delivered.slice(0, HOURS[this.state.span] + 1);
    }

    get summary() {
        const delivered = this.points.at(-1) || 0;
        return _t("%(delivered)s of %(planned)s delivered after %(hours)s hours", {
            delivered: formatInteger(delivered),
            planned: formatInteger(this.curve.planned),
            hours: this.points.length - 1,
        });
    }

    show(span) {
        this.state.span = span;
    }

    draw() {
        const colour = getColor(3, cookie.get("color_scheme"), 5);
        return new Chart(this.canvas.el, {
            type: "line",
            data: {
                labels: this.points.map((_count, hour) => hour),
                datasets: [
                    {
                        data: this.points,
                        label: _t("Delivered"),
                        borderColor: colour,
                        backgroundColor: `${colour}33`,
                        fill: "start",
                        pointRadius: 0,
                        pointHitRadius: 8,
                        tension: 0,
                        stepped: true,
                    },
                ],
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                plugins: {
                    legend: { display: false },
                    tooltip: { callbacks: { title: ([point]) => _t("After %s hours", point.label) } },
                },
                scales: {
                    x: {
                        type: "linear",
                        min: 0,
                        max: HOURS[this.state.span],
                        ticks: { stepSize: HOURS[this.state.span] / 7 > 20 ? 24 : 4 },
                        title: { display: true, text: _t("Hours since sending") },
                    },
                    y: { beginAtZero: true, suggestedMax: this.curve.planned, ticks: { precision: 0 } },
                },
            },
        });
    }
}

registry.category("fields").add("wecom_delivery_curve", {
    component: DeliveryCurve,
    displayName: _t("Deliveries by hour"),
    supportedTypes: ["json"],
});
