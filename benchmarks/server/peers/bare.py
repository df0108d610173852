"""A handler that does nothing: the cost of the machine and the HTTP library alone."""

import sys

from aiohttp import web


async def _answer(_: web.Request) -> web.Response:
    return web.json_response({"status": "live"})


def main() -> None:
    """Serve on the port named first."""
    app = web.Application()
    app.router.add_get("/", _answer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
