# SPDX-License-Identifier: LGPL-2.1-or-later
"""A headless Chromium, driven through its debugging pipe: enough to open a page, run JavaScript in it and take its
picture."""

import base64
import json
import os
import shutil
import subprocess

NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]


def find_browser():
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    def __init__(self, binary, profile):
        to_browser, self.to_write = os.pipe()
        self.to_read, from_browser = os.pipe()
        # The browser reads commands from descriptor 3 and writes answers to descriptor 4.
        command = ('exec 3<&%d 4>&%d; exec "$0" --headless --no-sandbox --disable-gpu --remote-debugging-pipe '
                   '--window-size=1400,900 "--user-data-dir=$1" about:blank' % (to_browser, from_browser))
        self.process = subprocess.Popen(["bash", "-c", command, binary, str(profile)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        pass_fds=[to_browser, from_browser])
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.last_id = 0
        self.events = []
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")

    def receive(self):
        while b"\0" not in self.buffer:
            read = os.read(self.to_read, 65536)
            if not read:
                raise RuntimeError("the browser has ended")
            self.buffer += read
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, path):
        self.events.clear()
        self.call("Page.navigate", url=f"file://{path}")
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())

    def errors(self):
        """What went wrong in the page's scripts."""
        return [event["params"] for event in self.events if event.get("method") == "Runtime.exceptionThrown"]

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(data))

    def close(self):
        os.close(self.to_write)
        os.close(self.to_read)
        self.process.kill()
        self.process.wait()
