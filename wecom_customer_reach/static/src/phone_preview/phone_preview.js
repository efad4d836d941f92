import { useBus } from "@web/core/utils/hooks";
import { isBinarySize } from "@web/core/utils/binary";
import { imageUrl } from "@web/core/utils/urls";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component, useState } from "@odoo/owl";

const MIME_BY_MAGIC = { "/": "jpg", i: "png" };

/** Told on the bus of the form with every key: `{ recordId, value }`. A field writes to its record only when it is left. */
export const TYPED = "WECOM:TYPED";

/** What the previews of broadcasts and moments share: the text while it is typed, attachments and their pictures. */
export class PhonePreview extends Component {
    static props = { ...standardWidgetProps, maxItems: { type: Number, optional: true } };
    static defaultProps = { maxItems: 9 };

    setup() {
        this.typed = useState({ text: "" });
        useRecordObserver((record) => {
            this.typed.text = record.data.text || "";
        });
        useBus(this.env.bus, TYPED, ({ detail }) => {
            if (detail.recordId === this.props.record.id) {
                this.typed.text = detail.value;
            }
        });
    }

    get data() {
        return this.props.record.data;
    }

    get text() {
        return this.typed.text;
    }

    get company() {
        return this.data.corp_name || "";
    }

    get attachments() {
        return this.data.attachment_ids?.records || [];
    }

    get isEmpty() {
        return !this.text && !this.attachments.length;
    }

    get tooMany() {
        return this.attachments.length > this.props.maxItems;
    }

    /** A stored picture by its address, one that was just chosen from the record itself. */
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

export const previewProps = ({ attrs }) => ({ maxItems: attrs.max_items ? parseInt(attrs.max_items) : undefined });
