import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

import { PhonePreview, previewProps } from "../phone_preview/phone_preview";

/** A broadcast as the customer gets it: one bubble for the text and one for each attachment, from the member he knows. */
export class BroadcastPreview extends PhonePreview {
    static template = "wecom_customer_reach.BroadcastPreview";

    get author() {
        return _t("The member whom the customer knows");
    }

    get bubbles() {
        return this.attachments.map((line) => ({ key: line.id, picture: this.image(line), ...this.bubble(line.data) }));
    }

    bubble({ kind, title, description, url, filename, display_name: name }) {
        switch (kind) {
            case "link":
                return { kind, title: title || url || _t("Link"), description: description || "" };
            case "miniprogram":
                return { kind, title: title || _t("Mini program"), description: "" };
            default:
                return { kind, title: filename || name || "", description: "" };
        }
    }

    get itemsText() {
        return _t("%(count)s of %(limit)s attachments", { count: this.attachments.length, limit: this.props.maxItems });
    }
}

registry.category("view_widgets").add("wecom_broadcast_preview", {
    component: BroadcastPreview,
    extractProps: previewProps,
});
