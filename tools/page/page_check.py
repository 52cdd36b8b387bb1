#!/usr/bin/python3
"""Opens report pages in headless Chromium and uses them as a reader would.

usage: page_check.py FILE... [--most-load-ms MS] [--screenshots DIR]

Fails when a page writes to the console, runs markup that came from the target, does not show its
findings, cannot be searched, zoomed or read with the keyboard alone, overflows a phone's width, or
takes longer to load than asked for. Needs Debian's chromium-driver and python3-selenium.
"""
import argparse
import os
import pathlib
import sys
import tempfile

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait


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

    def comes(self, condition):
        """Whether `condition` comes true; with an ample limit."""
        try:
            return WebDriverWait(self.driver, 20).until(lambda _: condition())
        except TimeoutException:
            return False

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)


def overview(check, load_ms, most_load_ms):
    wall_ms = check.script(
        "const n = performance.getEntriesByType('navigation')[0]; return n.loadEventEnd - n.startTime")
    check.expect(f"loads in {load_ms:.0f} ms of CPU time (at most {most_load_ms}), {wall_ms:.0f} ms in all",
                 load_ms <= most_load_ms)
    check.expect("has a verdict", check.one(".verdict h2").text != "")
    check.expect("shows findings, or says that there are none",
                 check.all(".causes a") or "No findings" in check.one("#causes").text)
    check.expect("markup of the target is text",
                 "owned" not in check.driver.title and not check.all("#app img, #app script"))
    if not check.all("canvas"):  # nothing was made to fail
        check.shot("overview")
        return
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
    hide(check)


def hide(check):
    """A verdict that is not wanted leaves the drawing, and comes back."""
    boxes = check.all(".legend input")

    def places():
        return int(check.one(".readout").text.split("·")[1].split()[0])
    boxes[-1].send_keys(Keys.SPACE)
    fewer = places() if len(boxes) > 1 else 0
    boxes[-1].send_keys(Keys.SPACE)
    check.expect(f"a verdict can be hidden, and shown again: {fewer}, then {places()} places", fewer < places())


def search(check):
    rows = len(check.all("#causes a"))
    box = check.one("input[type=search]")
    box.send_keys("no such function anywhere")
    check.expect("a search for nothing finds nothing", not check.all("#causes a"))
    box.clear()
    box.send_keys(" ", Keys.BACKSPACE)
    check.expect("an empty search shows all", len(check.all("#causes a")) == rows)


def finding(check):
    link = check.one("#causes a")
    title = link.text
    link.send_keys(Keys.ENTER)
    check.expect("a click opens the finding", check.one(".finding h2").text == title)
    check.expect("it has its stacks", len(check.all(".stack li")) > 0)
    command = check.one(".command").text
    check.expect(f"it can be seen again: {command.splitlines()[0]}",
                 command.startswith(("faultline replay ", "faultline run ")) and len(command.split()) > 2)
    check.expect("it has a text for upstream",
                 "Expected" in check.one(".upstream").get_attribute("textContent"))
    check.shot("finding")
    check.script("document.querySelector('button').click()")
    check.shot("finding-other-theme")
    check.expect("the heading has the focus",
                 check.comes(lambda: check.script("return document.activeElement.textContent") == title))
    check.driver.back()
    check.expect("back shows all findings again", check.comes(lambda: check.one("#causes a").is_displayed()))


def place_is_kept(check):
    """Who comes back from a finding finds the overview as it was."""
    box = check.one("input[type=search]")
    links = check.all("#causes a")
    box.send_keys(links[-1].text[:12])
    shown = len(check.all("#causes a"))
    link = check.all("#causes a")[-1]
    # The page hears of it before the second frame.
    before = check.driver.execute_async_script(
        "const done = arguments[0]; scrollTo(0, 150);"
        "requestAnimationFrame(() => requestAnimationFrame(() => done(scrollY)))")
    check.script("arguments[0].click()", link)
    check.one(".finding h2")
    check.driver.back()
    check.expect(f"back finds the search and the place as they were ({before})",
                 check.comes(lambda: check.one("#causes a").is_displayed()
                             and check.script("return scrollY") == before)
                 and len(check.all("#causes a")) == shown)
    box.clear()
    box.send_keys(" ", Keys.BACKSPACE)


def phone(check):
    check.driver.set_window_size(500, 800)  # headless Chromium's narrowest window
    check.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                 {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
    for link in [None, *check.all("#causes a")][:8]:
        if link:
            check.script("arguments[0].click()", link)
            check.one(".finding h2")
        width = check.script("return document.documentElement.scrollWidth")
        name = link.get_attribute("href").split("#")[-1] if link else "overview"
        check.expect(f"{name} fits a phone ({width} of 360 pixels)", width <= 361)
        if not link:
            check.shot("phone")


def scenarios(check):
    """Of a suite: what did not pass stands first, and is found by its name."""
    rows = check.all(".scenarios > li")
    results = [row.find_element(By.CSS_SELECTOR, ".chip").text for row in rows]
    order = ["failed", "error", "skipped", "passed"]
    check.expect(f"scenarios: what did not pass stands first ({' '.join(results)[:60]})",
                 results and results == sorted(results, key=order.index))
    name = rows[-1].find_element(By.CSS_SELECTOR, "b").text
    box = check.one("input[type=search]")
    box.send_keys(name)
    found = [row.find_element(By.CSS_SELECTOR, "b").text for row in check.all(".scenarios > li")]
    check.expect(f"scenarios: {name} is found by its name", name in found and all(name in one for one in found))
    box.clear()
    box.send_keys(" ", Keys.BACKSPACE)


def use(driver, file, most_load_ms, screenshots):
    """Opens `file` and uses all that it has; what failed."""
    driver.set_window_size(1280, 900)
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.get("about:blank")
    # CPU time of the page's thread: the same on a machine that others keep busy.
    before = task_ms(driver)
    driver.get(file.absolute().as_uri())
    check = Check(driver, screenshots)
    overview(check, task_ms(driver) - before, most_load_ms)
    if check.all("canvas"):
        zoom(check)
    if check.all(".causes:not(.scenarios) a"):
        search(check)
        finding(check)
        place_is_kept(check)
    if check.all(".scenarios"):
        scenarios(check)
    phone(check)
    log = driver.get_log("browser")
    check.expect(f"the console is empty {log or ''}", not log)
    return check.failed


def task_ms(driver):
    metrics = {one["name"]: one["value"]
               for one in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    return 1000 * metrics["TaskDuration"]


def use_pages(files, most_load_ms, screenshots=None):
    """Each of `files` in one browser; what failed, with the file's name."""
    failed = []
    with tempfile.TemporaryDirectory() as profile:
        driver = browser(profile)
        try:
            driver.implicitly_wait(2)
            driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
            for file in files:
                print(f"{file.name}: {file.stat().st_size} bytes")
                shots = screenshots and os.path.join(screenshots, file.stem)
                failed += [f"{file.name}: {what}" for what in use(driver, file, most_load_ms, shots)]
        finally:
            driver.quit()
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", type=pathlib.Path, nargs="+", metavar="FILE")
    parser.add_argument("--most-load-ms", type=int, default=2000)
    parser.add_argument("--screenshots")
    arguments = parser.parse_args()
    return 1 if use_pages(arguments.files, arguments.most_load_ms, arguments.screenshots) else 0


if __name__ == "__main__":
    sys.exit(main())
