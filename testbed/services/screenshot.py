"""Open a Home Assistant page in a real browser, and save it as an image.

python -m testbed.services.screenshot URL USER PASSWORD /home-security page.png [--size 1440x1380]
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from pathlib import Path
import tempfile
import time

import aiohttp
from playwright.async_api import Page, ViewportSize, async_playwright

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",  # which does not work for root
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGE_LIMIT = 60_000  # milliseconds until a page of a busy Home Assistant is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page in a browser; `complaints` grows with its console errors and failed requests."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    async def wait_for_text(self, text: str) -> None:
        """Wait until the text is visible."""
        shown = self.page.get_by_text(text).filter(visible=True)
        await shown.first.wait_for(timeout=PAGE_LIMIT)

    async def wait_until_drawn(self) -> None:
        """Wait until every image and icon on the page is loaded."""
        await self.page.wait_for_function(IMAGES_LOADED, timeout=PAGE_LIMIT)
        await self.page.wait_for_load_state("networkidle", timeout=PAGE_LIMIT)

    async def save(self, file: Path) -> None:
        """Save the visible part of the page as PNG."""
        file.parent.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=file, animations="disabled")


# Cards lie in shadow roots below shadow roots.
IMAGES_LOADED = """() => {
  const images = [];
  let waiting = false;
  const walk = (node) => {
    if (node.tagName === "IMG") images.push(node);
    if (node.tagName === "HA-SPINNER" && node.checkVisibility()) waiting = true;
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.children) walk(child);
  };
  // The placeholder shown while everything loads is outside this element.
  walk(document.querySelector("home-assistant"));
  return !waiting && images.length > 0 && images.every((p) => p.complete && p.naturalWidth > 0);
}"""


@asynccontextmanager
async def visit(
    url: str, token: str, path: str, *, width: int = 1440, height: int = 1380
) -> AsyncIterator[Visit]:
    """Open a page of a Home Assistant as the user of a token."""
    size = ViewportSize(width=width, height=height)
    async with async_playwright() as playwright:
        with tempfile.TemporaryDirectory(prefix="hsi-browser-") as profile:
            context = await playwright.chromium.launch_persistent_context(
                profile,
                executable_path=_chromium(),
                headless=True,
                args=FLAGS,
                viewport=size,
                locale="en-GB",
            )
            try:
                page = context.pages[0]
                seen = Visit(page=page)
                _listen(page, seen.complaints)
                await page.add_init_script(_log_in(url, token))
                await page.goto(url + path)
                yield seen
            finally:
                await context.close()


def _chromium() -> Path | None:
    """Return the system's browser; None for Playwright's own."""
    return SYSTEM_CHROMIUM if SYSTEM_CHROMIUM.exists() else None


def _listen(page: Page, complaints: list[str]) -> None:
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "response",
        lambda answer: (
            complaints.append(f"{answer.status} {answer.url.partition('?')[0]}")
            if answer.status >= 400
            else None
        ),
    )


def _log_in(url: str, token: str) -> str:
    """Return the script that stores the token for the frontend."""
    lifetime = 24 * 60 * 60  # seconds
    tokens = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": lifetime,
        "expires": int((time.time() + lifetime) * 1000),
        "hassUrl": url,
        "clientId": f"{url}/",
        "refresh_token": "",
    }
    return f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))})"


async def _token(url: str, user: str, password: str) -> str:
    """Log in as the login page does; return an access token."""
    client_id = f"{url}/"
    async with aiohttp.ClientSession(url, raise_for_status=True) as session:
        flow = {
            "client_id": client_id,
            "handler": ["homeassistant", None],
            "redirect_uri": client_id,
        }
        async with session.post("/auth/login_flow", json=flow) as answer:
            flow_id = (await answer.json())["flow_id"]
        login = {"client_id": client_id, "username": user, "password": password}
        async with session.post(f"/auth/login_flow/{flow_id}", json=login) as answer:
            code = (await answer.json())["result"]
        grant = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
        async with session.post("/auth/token", data=grant) as answer:
            return str((await answer.json())["access_token"])


async def _main() -> None:
    parser = argparse.ArgumentParser(description="Save an image of a Home Assistant page.")
    parser.add_argument("url")
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("path")
    parser.add_argument("file", type=Path)
    parser.add_argument("--size", default="1440x1380")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    token = await _token(given.url, given.user, given.password)
    async with visit(given.url, token, given.path, width=width, height=height) as seen:
        await seen.wait_until_drawn()
        await seen.save(given.file)
    print("\n".join(seen.complaints) or "no complaints")


if __name__ == "__main__":
    asyncio.run(_main())
