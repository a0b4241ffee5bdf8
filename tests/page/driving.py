"""A person at the page: real presses of keys and of the mouse, through the DevTools protocol."""

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fixtures.browser import Tab

_KEYS = {"Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""), "Tab": ("Tab", 9, ""), "Space": (" ", 32, " ")}
_KEYS |= {"ArrowLeft": ("ArrowLeft", 37, ""), "ArrowUp": ("ArrowUp", 38, "")}
_KEYS |= {"ArrowRight": ("ArrowRight", 39, ""), "ArrowDown": ("ArrowDown", 40, "")}
_SHIFT = 8


@dataclass(frozen=True, slots=True)
class Person:
    """One person in front of one tab. `address` is the API's, without a path."""

    tab: Tab
    address: str

    def visit(self, path: str = "/") -> None:
        """Load the page anew at an address."""
        self.tab.open(f"{self.address}{path}")
        self.tab.wait("document.querySelector('.sign-in, header.top') !== null")

    def go(self, path: str) -> None:
        """Follow an address within the page: a loaded page keeps its session."""
        script = f"history.pushState(null, '', {json.dumps(path)}); window.dispatchEvent(new Event('vlmkg:place'))"
        self.tab.value(script)

    def sign_in(self, key: str) -> None:
        """Paste a key and press Enter."""
        self.tab.wait("document.querySelector('input[name=key]') !== null")
        self.tab.value("document.querySelector('input[name=key]').focus()")
        self.paste(key)
        self.press("Enter")

    def paste(self, words: str) -> None:
        """Put words into what has the focus."""
        self.tab.call("Input.insertText", text=words)

    def press(self, *keys: str) -> None:
        """Press and release keys, one after another. `Shift+` before a key holds Shift down."""
        for whole in keys:
            key = whole.removeprefix("Shift+")
            name, code, text = _KEYS.get(key, (key, ord(key.upper()[0]), key))
            common = {"key": name, "windowsVirtualKeyCode": code, "modifiers": 0 if key == whole else _SHIFT}
            self.tab.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
            self.tab.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def click(self, selector: str, words: str = "") -> None:
        """Click in the middle of the first visible element that has these words, once it rests in its place."""
        place = (
            f"(() => {{ for (const one of document.querySelectorAll({json.dumps(selector)})) {{"
            f" if (!one.textContent.includes({json.dumps(words)}) || one.getClientRects().length === 0) continue;"
            " one.scrollIntoView({block: 'center'}); const box = one.getClientRects()[0];"
            " return JSON.stringify([box.x + box.width / 2, box.y + box.height / 2]); } })()"
        )
        before, found = None, self.tab.wait(place)
        while found != before:
            # An answer that comes meanwhile moves what is below it.
            time.sleep(0.1)
            before, found = found, self.tab.wait(place)
        x, y = json.loads(found)
        self.tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def sees(self, words: str, selector: str = "body") -> None:
        """Wait until the words stand on the page."""
        self.tab.wait(f"document.querySelector({json.dumps(selector)})?.innerText.includes({json.dumps(words)})")

    def text(self, selector: str = "body") -> str:
        """What is written in an element."""
        return str(self.tab.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def look(self, scheme: str, width: int = 1440, height: int = 900) -> None:
        """The window's size, and the colours: light or dark."""
        self.tab.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        # Without motion: a change of colours that is still under way is neither pictured nor measured.
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        media = [{"name": name, "value": value} for name, value in features.items()]
        self.tab.call("Emulation.setEmulatedMedia", features=media)

    def picture(self, file: Path) -> None:
        """Save what the window shows as PNG, once nothing moves."""
        self.still()
        shot: Any = self.tab.call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(shot["data"]))

    def still(self) -> None:
        """Wait until the colours that were asked for are drawn: a change of colours may be a transition."""
        self.tab.value(
            "window.drawn = false; requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = true }))"
        )
        self.tab.wait("window.drawn && document.getAnimations().every(one => one.playState === 'finished')")
