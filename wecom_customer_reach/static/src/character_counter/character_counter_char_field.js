import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { CharField, charField } from "@web/views/fields/char/char_field";
import { formatInteger } from "@web/views/fields/formatters";

import { useState } from "@odoo/owl";

/** A line of text with a live count of its characters (code points, as WeCom counts them). */
export class CharacterCounterCharField extends CharField {
    static template = "wecom_customer_reach.CharacterCounterCharField";
    static props = { ...CharField.props, maxCharacters: { type: Number } };

    setup() {
        super.setup();
        this.counter = useState({ characters: 0 });
        useRecordObserver((record) => this.count(record.data[this.props.name]));
    }

    count(text) {
        this.counter.characters = [...(text || "").trim()].length;
    }

    get isOver() {
        return this.counter.characters > this.props.maxCharacters;
    }

    get counterText() {
        return _t("%(characters)s / %(limit)s characters", {
            characters: formatInteger(this.counter.characters),
            limit: formatInteger(this.props.maxCharacters),
        });
    }
}

registry.category("fields").add("wecom_character_counter", {
    ...charField,
    component: CharacterCounterCharField,
    displayName: _t("Text with character counter"),
    extractProps: (fieldInfo, ...rest) => ({
        ...charField.extractProps(fieldInfo, ...rest),
        maxCharacters: fieldInfo.options.max_characters,
    }),
});
