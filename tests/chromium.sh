#!/bin/sh
# Prints the path of the Chromium that the browser tests drive: CHROMIUM, one on the path, or one installed now.
set -eu
cd "$(dirname "$0")/.."

found() {
    if "$1" --version >/dev/null 2>&1; then
        command -v "$1"
        exit 0
    fi
}

if [ -n "${CHROMIUM:-}" ]; then
    found "$CHROMIUM"
    echo "CHROMIUM=$CHROMIUM does not run." >&2
    exit 1
fi
# The headless shell takes a quarter of the work: it has no window, menus and pages of its own to draw.
for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do found $name; done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian's Chromium …" >&2
    apt-get update >/dev/null 2>&1 </dev/null || true
    for name in chromium-headless-shell chromium; do
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $name >/dev/null 2>&1 </dev/null &&
            found $name
    done
fi
echo "Installing Playwright's Chromium …" >&2
.venv/bin/python -m playwright install chromium >&2 </dev/null || true
found "$(.venv/bin/python -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)')"
echo "No Chromium was found and none could be installed: install one, or set CHROMIUM to its path." >&2
exit 1
