"""Check that the server on this machine responds: the health check of containers."""

import os
import ssl
import sys
import urllib.request


def main() -> int:
    """Return 0 if it does, else 1."""
    port = os.environ.get("PORT") or "8090"
    encrypted = bool(os.environ.get("TLS_CERT_FILE")) or (
        os.environ.get("TLS_SELF_SIGNED", "").strip().lower() == "true"
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the connection does not leave this machine
    context.verify_mode = ssl.CERT_NONE
    scheme = "https" if encrypted else "http"
    try:
        with urllib.request.urlopen(  # noqa: S310 - our own address
            f"{scheme}://127.0.0.1:{port}/v1/live", timeout=4, context=context
        ):
            return 0
    except OSError as err:
        sys.stderr.write(f"{err}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
