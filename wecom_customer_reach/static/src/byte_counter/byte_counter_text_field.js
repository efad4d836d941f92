import { EmojisTextField, emojisTextField } from "@mail/views/web/fields/emojis_text_field/emojis_text_field";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { formatInteger } from "@web/views/fields/formatters";

import { useState } from "@odoo/owl";

import { TYPED } from "../phone_preview/phone_preview";

const encoder = new TextEncoder();

/** A text with emojis and a live count of its UTF-8 bytes, the unit of WeCom's limits. */
export class ByteCounterTextField extends EmojisTextField {
    static template = "wecom_customer_reach.ByteCounterTextField";
    static props = { ...EmojisTextField.props, maxBytes: { type: Number, optional: true } };
    static defaultProps = { ...EmojisTextField.defaultProps, maxBytes: 4000, rowCount: 6 };

    setup() {
        super.setup();
        this.counter = useState({ bytes: 0 });
        useRecordObserver((record) => this.count(record.data[this.props.name]));
        this._emojiAdded = () => this.typed(this.targetEditElement.el.value);
    }

    count(text) {
        this.counter.bytes = encoder.encode(text || "").length;
    }

    /** Count, and let a preview of the message follow, with every key. */
    typed(value) {
        this.count(value);
        this.env.bus.trigger(TYPED, { recordId: this.props.record.id, value });
    }

    get isOver() {
        return this.counter.bytes > this.props.maxBytes;
    }

    get counterText() {
        return _t("%(bytes)s / %(limit)s bytes", {
            bytes: formatInteger(this.counter.bytes),
            limit: formatInteger(this.props.maxBytes),
        });
    }
}

registry.category("fields").add("wecom_byte_counter", {
    ...emojisTextField,
    component: ByteCounterTextField,
    displayName: _t("Text with byte counter"),
    additionalClasses: [...(emojisTextField.additionalClasses || []), "o_field_text_emojis"],
    extractProps: (fieldInfo, ...rest) => ({
        ...emojisTextField.extractProps(fieldInfo, ...rest),
        maxBytes: fieldInfo.options.max_bytes,
        rowCount: 6,
    }),
});
