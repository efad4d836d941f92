from odoo.http import Controller, Response, request, route


class BenchmarkRoute(Controller):
    """What a route costs that keeps what it is sent, and nothing else."""

    @route("/benchmark/insert", type="http", auth="public", methods=["POST"], csrf=False, save_session=False)
    def insert(self, **_parameters):
        body = request.httprequest.get_data(as_text=True)
        request.env.cr.execute("INSERT INTO benchmark_row (body) VALUES (%s)", [body])
        return Response(status=200)
