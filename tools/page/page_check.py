#!/usr/bin/python3
"""Opens a report page in headless Chromium and uses it as a reader would.

usage: page_check.py FILE [--most-load-ms MS] [--screenshots DIR]

Fails when the page writes to the console, runs markup that came from the target, does not show its
findings, cannot be searched, zoomed or read with the keyboard alone, overflows a phone's width, or
takes longer to load than asked for. Needs Debian's chromium-driver and python3-selenium.
"""
import argparse
import os
import pathlib
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.service import Service


def browser(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--disable-dev-shm-usage", "--window-size=1280,900", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


class Check:
    def __init__(self, driver, screenshots):
        self.driver = driver
        self.screenshots = screenshots
        self.failed = []

    def expect(self, what, condition):
        print(("ok      " if condition else "FAILED  ") + what)
        if not condition:
            self.failed.append(what)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def shot(self, name):
        if self.screenshots:
            os.makedirs(self.screenshots, exist_ok=True)
            self.driver.save_screenshot(os.path.join(self.screenshots, name + ".png"))

    def script(self, text):
        return self.driver.execute_script(text)


def overview(check, load_ms, most_load_ms):
    wall_ms = check.script(
        "const n = performance.getEntriesByType('navigation')[0]; return n.loadEventEnd - n.startTime")
    check.expect(f"loads in {load_ms:.0f} ms of CPU time (at most {most_load_ms}), {wall_ms:.0f} ms in all",
                 load_ms <= most_load_ms)
    check.expect("has a verdict", check.one(".verdict h2").text != "")
    check.expect("shows findings", len(check.all(".causes a")) > 0)
    check.expect("markup of the target is text",
                 "owned" not in check.driver.title and not check.all("#app img, #app script"))
    canvas = check.one("canvas")
    check.expect("draws the stacks", canvas.size["width"] > 300 and canvas.size["height"] > 60)
    drawn = check.script("""
        const c = document.querySelector('canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, 40).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n""")
    check.expect("the drawing is not empty", drawn > 1000)
    check.shot("overview")


def zoom(check):
    canvas = check.one("canvas")
    before = check.one(".readout").text
    canvas.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    check.expect("arrow keys move through the stacks", check.one(".readout").text != before)
    canvas.send_keys(Keys.ENTER)
    out = check.one(".icicle button")
    check.expect("Enter zooms in", out.is_enabled())
    check.script("document.querySelector('canvas').scrollIntoView()")
    check.shot("zoomed")
    out.click()
    canvas.send_keys(Keys.ESCAPE)


def search(check):
    rows = len(check.all(".causes a"))
    box = check.one("input[type=search]")
    box.send_keys("no such function anywhere")
    check.expect("a search for nothing finds nothing", not check.all(".causes a"))
    box.clear()
    box.send_keys(" ", Keys.BACKSPACE)
    check.expect("an empty search shows all", len(check.all(".causes a")) == rows)


def finding(check):
    link = check.one(".causes a")
    title = link.text
    link.send_keys(Keys.ENTER)
    check.expect("a click opens the finding", check.one(".finding h2").text == title)
    check.expect("it has its stacks", len(check.all(".stack li")) > 0)
    check.expect("it can be replayed", "faultline replay" in check.one(".command").text)
    check.expect("it has a text for upstream",
                 "Expected" in check.one(".upstream").get_attribute("textContent"))
    check.shot("finding")
    check.script("document.querySelector('button').click()")
    check.shot("finding-other-theme")
    check.driver.back()
    check.expect("back shows all findings again", len(check.all(".causes a")) > 0)


def phone(check):
    check.driver.set_window_size(500, 800)  # headless Chromium's narrowest window
    check.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                 {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
    width = check.script("return document.documentElement.scrollWidth")
    check.expect(f"fits a phone ({width} of 360 pixels)", width <= 361)
    check.shot("phone")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--most-load-ms", type=int, default=2000)
    parser.add_argument("--screenshots")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as profile:
        driver = browser(profile)
        try:
            # CPU time of the page's thread: the same on a machine that others keep busy.
            driver.implicitly_wait(2)
            driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
            driver.get(arguments.file.absolute().as_uri())
            metrics = {one["name"]: one["value"]
                       for one in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
            check = Check(driver, arguments.screenshots)
            overview(check, 1000 * metrics["TaskDuration"], arguments.most_load_ms)
            zoom(check)
            search(check)
            finding(check)
            phone(check)
            log = driver.get_log("browser")
            check.expect(f"the console is empty {log or ''}", not log)
        finally:
            driver.quit()
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
