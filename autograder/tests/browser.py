"""A headless Chromium that tests drive: open a page, click, type, look, and hear what it complained of.

It is spoken to in its own DevTools protocol, one command after another.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from websocket import WebSocketTimeoutException, create_connection

from autograder.tests.chromium import COMMAND, OPTIONS

PATIENCE = 180  # seconds for anything that a page does; a busy machine needs them
KEYS = {"Tab": 9, "ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40}


class Browser:
    """It has no network beyond this machine. complaints: errors in the console, and exceptions that nobody caught.
    requests: all addresses asked for. failures: answers with a status of 400 and above, and requests without an answer.
    All as text, in order.
    """

    def __init__(self, width: int = 1400, height: int = 1000):
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.failures: list[str] = []
        self._folder = Path(tempfile.mkdtemp(prefix="browser-"))
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        size = (f"--window-size={width},{height}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
        self._process = subprocess.Popen(
            [COMMAND, *OPTIONS, *root, *size, f"--user-data-dir={self._folder}", "--remote-debugging-port=0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        port = self._port()
        with urlopen(Request(f"http://127.0.0.1:{port}/json/new", method="PUT")) as answer:
            address = json.load(answer)["webSocketDebuggerUrl"]
        self._line = create_connection(address, suppress_origin=True, timeout=PATIENCE)
        self._count = 0
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")

    def _port(self) -> str:
        """The port that it has chosen, which it writes into a file when it is ready."""
        file, until = self._folder / "DevToolsActivePort", time.monotonic() + PATIENCE
        while not (file.is_file() and "\n" in (text := file.read_text())):
            assert time.monotonic() < until and self._process.poll() is None, "Chromium did not start"
            time.sleep(0.05)
        return text.partition("\n")[0]

    def close(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def open(self, address: str) -> None:
        """Go to a page and wait until it has been loaded with all that it loads at first."""
        self._ask("Page.navigate", url=address)
        self.wait(f"location.href.startsWith({address.partition('?')[0]!r}) && document.readyState == 'complete'")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression in the page; a promise is waited for."""
        found = self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, (script, found["exceptionDetails"])
        return found["result"].get("value")

    def wait(self, script: str) -> Any:
        """The value of an expression as soon as it is true. While a page changes, it may raise."""
        value = self.follows(script, PATIENCE)
        assert value, (script, self.text()[:2000], self.complaints)
        return value

    def follows(self, script: str, seconds: float = PATIENCE / 4) -> Any:
        """As `wait`; False where it does not become true."""
        until = time.monotonic() + seconds
        while True:
            found = self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
            value = "exceptionDetails" not in found and found["result"].get("value")
            if value or time.monotonic() > until:
                return value or False
            time.sleep(0.05)

    def text(self, selector: str = "body") -> str:
        """What a person reads there; '' where there is no such element."""
        return self.run(f"document.querySelector({selector!r})?.innerText ?? ''")

    def click(self, selector: str, words: str = "") -> None:
        """Click with the mouse in the middle of the first such element, of those with these words in them."""
        x, y = self._middle(selector, words)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Click into a field, type in the place of what is there, and leave it with Tab."""
        self.click(selector)
        self.run(f"document.querySelector({selector!r}).select()")
        self.insert(text)
        self.press("Tab")

    def insert(self, text: str) -> None:
        """Type where the keyboard is."""
        self._ask("Input.insertText", text=text)

    def press(self, key: str, control: bool = False) -> None:
        """A key: a letter, or one of KEYS."""
        code, number = (key, KEYS[key]) if key in KEYS else (f"Key{key.upper()}", ord(key.upper()))
        told = dict(key=key, code=code, windowsVirtualKeyCode=number, modifiers=2 if control else 0)
        for kind in ("keyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, **told)

    def _middle(self, selector: str, words: str = "") -> tuple[float, float]:
        place = self.wait(
            f"(() => {{ const all = [...document.querySelectorAll({selector!r})];"
            f" const found = all.find(one => one.innerText.includes({words!r}) || {words!r} == '');"
            " found.scrollIntoView({block: 'center'}); const box = found.getBoundingClientRect();"
            " return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null; })()"
        )
        return place[0], place[1]

    def picture(self, path: Path) -> Path:
        """What is to be seen now, as PNG or as WebP, by the ending of its name."""
        path.write_bytes(b64decode(self._ask("Page.captureScreenshot", format=path.suffix[1:])["data"]))
        return path

    def hear(self, seconds: float = 0.2) -> None:
        """Take in what the browser has to say; also done by every command."""
        until = time.monotonic() + seconds
        try:
            while (left := until - time.monotonic()) > 0:
                self._line.settimeout(left)
                self._note(json.loads(self._line.recv()))
        except WebSocketTimeoutException:
            pass
        finally:
            self._line.settimeout(PATIENCE)

    def _ask(self, method: str, **parameters: Any) -> dict:
        self._count += 1
        self._line.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._line.recv())
            if told.get("id") == self._count:
                assert "error" not in told, (method, told["error"])
                return told["result"]
            self._note(told)

    def _note(self, event: dict) -> None:
        told = event.get("params", {})
        match event.get("method"):
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "assert"):
                words = (str(word.get("value", word.get("description"))) for word in told["args"])
                self.complaints.append(" ".join(words))
            case "Runtime.exceptionThrown":
                thrown = told["exceptionDetails"]
                self.complaints.append(thrown.get("exception", {}).get("description") or thrown["text"])
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
            case "Page.javascriptDialogOpening" if told["type"] == "beforeunload":
                # whether to leave what is not saved, such as a widget's last answer
                leave = {"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
                self._line.send(json.dumps(leave))
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Network.responseReceived" if told["response"]["status"] >= 400:
                self.failures.append(f"{told['response']['status']} {told['response']['url']}")
            case "Network.loadingFailed" if not told.get("canceled"):
                self.failures.append(f"{told['errorText']} {told.get('type')} {told.get('blockedReason', '')}")
