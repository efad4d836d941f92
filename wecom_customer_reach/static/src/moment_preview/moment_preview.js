import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { PhonePreview } from "../phone_preview/phone_preview";

/** A moment as customers will see it in their feed: who, which company, the text, pictures or video or link. */
export class MomentPreview extends PhonePreview {
    static template = "wecom_customer_reach.MomentPreview";

    get author() {
        return this.data.member_id?.display_name || _t("Each member, in his own name");
    }

    get initial() {
        return this.author.slice(0, 1).toUpperCase();
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
}

registry.category("view_widgets").add("wecom_moment_preview", {
    component: MomentPreview,
    fieldDependencies: [
        { name: "like_count", type: "integer", readonly: true },
        { name: "comment_count", type: "integer", readonly: true },
    ],
});
