"""A headless Chromium driven over its debugging pipe (https://chromedevtools.github.io/devtools-protocol):
one page, real mouse and keyboard events, pictures, and every error it logs. Needs nothing but Python."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class PageError(Exception):
    pass


class Browser:
    def __init__(self, width=1400, height=1000, dark=False):
        program = next((found for name in ("chromium", "chromium-browser", "google-chrome")
                        if (found := shutil.which(name))), None)
        if program is None:
            raise FileNotFoundError("no Chromium here (Debian: apt-get install chromium)")
        self.profile = tempfile.mkdtemp(prefix="wanlab-browser-")
        to_child, self.output = os.pipe()
        self.input, from_child = os.pipe()
        options = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-extensions",
                   "--disable-dev-shm-usage", "--hide-scrollbars", "--disable-background-networking",
                   "--force-color-profile=srgb", f"--user-data-dir={self.profile}", f"--window-size={width},{height}"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # its sandbox refuses to work for root

        def in_child():
            # The browser reads from descriptor 3 and writes to 4.
            first, second = os.dup(to_child), os.dup(from_child)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen([program, *options, "about:blank"], close_fds=False, preexec_fn=in_child,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_child)
        os.close(from_child)
        self.buffer, self.number, self.errors, self.events = b"", 0, [], []
        target = self.call("Target.createTarget", url="about:blank", session=None)["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True, session=None)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.resize(width, height)
        self.color_scheme("dark" if dark else "light")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close", session=None)
            self.process.wait(10)
        except (OSError, PageError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.output)
        os.close(self.input)
        shutil.rmtree(self.profile, ignore_errors=True)

    # --- protocol ---

    def _read(self, deadline):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.input], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise PageError("the browser does not answer")
            chunk = os.read(self.input, 1 << 16)
            if not chunk:
                raise PageError("the browser has gone")
            self.buffer += chunk
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def _note(self, message):
        method, params = message.get("method"), message.get("params", {})
        self.events.append(method)
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details.get("text")))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(argument.get("value", argument.get("description"))) for argument in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"] + " " + params["entry"].get("url", ""))
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "data:", "about:")):
            self.errors.append("asked the network for " + params["request"]["url"])

    def call(self, method, session="own", timeout=60, **params):
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": params}
        if session == "own":
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while True:
            answer = self._read(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._note(answer)

    # --- what a user does ---

    def open(self, path):
        self.events.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        deadline = time.monotonic() + 60
        while "Page.loadEventFired" not in self.events:
            self._note(self._read(deadline))
        return self

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def settle(self):
        """Waits until two frames are drawn."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def wait_for(self, expression, seconds=10):
        deadline = time.monotonic() + seconds
        while not self.evaluate(expression):
            if time.monotonic() > deadline:
                raise PageError(f"did not come true: {expression}")
            time.sleep(0.05)

    def resize(self, width, height=1000):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def color_scheme(self, scheme, media=""):
        self.call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}])

    def box(self, selector):
        self.evaluate(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        self.settle()
        box = self.evaluate(f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
                            " return [b.x, b.y, b.width, b.height]; })()")
        return box

    def mouse(self, kind, x, y, button="left", buttons=0, clicks=1):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=buttons, clickCount=clicks)

    def click(self, selector, at=(0.5, 0.5)):
        x, y, width, height = self.box(selector)
        x, y = x + width * at[0], y + height * at[1]
        self.mouse("mouseMoved", x, y, button="none")
        self.mouse("mousePressed", x, y, buttons=1)
        self.mouse("mouseReleased", x, y)
        self.settle()

    def drag(self, selector, start, end, steps=6):
        """Presses at the share `start` (x, y) of the element and lets go at `end`."""
        x, y, width, height = self.box(selector)
        place = lambda share: (x + width * share[0], y + height * share[1])
        self.mouse("mouseMoved", *place(start), button="none")
        self.mouse("mousePressed", *place(start), buttons=1)
        for step in range(1, steps + 1):
            share = [start[i] + (end[i] - start[i]) * step / steps for i in (0, 1)]
            self.mouse("mouseMoved", *place(share), buttons=1)
        self.mouse("mouseReleased", *place(end))
        self.settle()

    def key(self, key, code=0):
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)
        self.settle()

    def picture(self, path, whole=True):
        self.settle()
        result = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(result["data"]))

    def paper(self, path):
        result = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=False)
        with open(path, "wb") as file:
            file.write(base64.b64decode(result["data"]))
