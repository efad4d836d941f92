import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { isBinarySize } from "@web/core/utils/binary";
import { imageUrl } from "@web/core/utils/urls";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component } from "@odoo/owl";

const MIME_BY_MAGIC = { "/": "jpg", i: "png" };

/** A moment as customers will see it in their feed: who, which company, the text, pictures or video or link. */
export class MomentPreview extends Component {
    static template = "wecom_customer_reach.MomentPreview";
    static props = { ...standardWidgetProps };

    get data() {
        return this.props.record.data;
    }

    get author() {
        return this.data.member_id?.display_name || _t("Each member, in his own name");
    }

    get initial() {
        return this.author.slice(0, 1).toUpperCase();
    }

    get company() {
        return this.data.corp_name || "";
    }

    get attachments() {
        return this.data.attachment_ids?.records || [];
    }

    get pictures() {
        return this.attachments.filter((line) => line.data.kind === "image").slice(0, 9).map((line) => this.image(line));
    }

    get video() {
        return this.attachments.find((line) => line.data.kind === "video");
    }

    get link() {
        const line = this.attachments.find((attachment) => attachment.data.kind === "link");
        if (!line) {
            return null;
        }
        const { title, url } = line.data;
        return { title: title || url || _t("Link"), picture: this.image(line) };
    }

    /** One picture stands large; four stand two by two; others three in a row. */
    get gridClass() {
        const count = this.pictures.length;
        return count === 1 ? "o_single" : count === 2 || count === 4 ? "o_double" : "o_triple";
    }

    get isEmpty() {
        return !this.data.text && !this.attachments.length;
    }

    image(line) {
        const { thumbnail } = line.data;
        if (!thumbnail) {
            return { key: line.id, source: null };
        }
        if (line.resId && isBinarySize(thumbnail)) {
            return { key: line.id, source: imageUrl("wecom.attachment", line.resId, "thumbnail") };
        }
        return { key: line.id, source: `data:image/${MIME_BY_MAGIC[thumbnail[0]] || "png"};base64,${thumbnail}` };
    }
}

registry.category("view_widgets").add("wecom_moment_preview", {
    component: MomentPreview,
    fieldDependencies: [
        { name: "like_count", type: "integer", readonly: true },
        { name: "comment_count", type: "integer", readonly: true },
    ],
});
