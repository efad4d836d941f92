import json

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import Controller, content_disposition, request, route

MODELS = ("res.partner", "wecom.contact")


class PersonalDataExport(Controller):
    @route("/wecom/personal_data/<string:model>/<string:ids>", type="http", auth="user", readonly=True)
    def export(self, model, ids):
        """Return what WeCom knows of these customers as a JSON file; 404 to whoever may not have it."""
        if model not in MODELS or not all(number.isdecimal() for number in ids.split(",")):
            raise request.not_found()
        try:
            data = request.env[model].browse(map(int, ids.split(",")))._wecom_personal_data()
        except (AccessError, MissingError, UserError) as error:
            raise request.not_found() from error
        return request.make_response(
            json.dumps(data, ensure_ascii=False, indent=2),
            headers=[
                ("Content-Type", "application/json; charset=utf-8"),
                ("Content-Disposition", content_disposition("wecom-personal-data.json")),
                ("Cache-Control", "no-store"),
            ],
        )
