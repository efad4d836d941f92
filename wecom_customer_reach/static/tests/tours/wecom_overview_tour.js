import { registry } from "@web/core/registry";

const TILES = ["in_wecom", "opted_out", "delivered", "pending", "tasks", "cap_left", "open_moments", "likes"];

/** Whoever clicks a number finds as many rows as it says. */
registry.category("web_tour.tours").add("wecom_overview", {
    url: "/odoo/wecom-overview",
    steps: () =>
        TILES.flatMap((code) => [
            {
                trigger: `.o_wecom_tile[data-tile=${code}]`,
                run({ anchor, click }) {
                    document.body.dataset.wecomCount = anchor.dataset.count;
                    return click();
                },
            },
            {
                trigger: ".o_list_view .o_data_row",
                run() {
                    const rows = document.querySelectorAll(".o_list_view .o_data_row").length;
                    const { wecomCount } = document.body.dataset;
                    if (String(rows) !== wecomCount) {
                        throw new Error(`${code} says ${wecomCount}, its list has ${rows} rows`);
                    }
                },
            },
            { trigger: ".o_back_button, .breadcrumb-item a", run: "click" },
        ]),
});
