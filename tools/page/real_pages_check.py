#!/usr/bin/python3
"""Makes report pages of real work and uses each in headless Chromium (page_check.py).

usage: real_pages_check.py FAULTLINE SUITE SCENARIOS [--screenshots DIR]

A sweep of dpdk-testpmd's threads, which finds crashes; the same compared with an earlier one; a run with a finding; a
suite of which one scenario fails, one is broken and one is skipped; and, when FAULTLINE_SPDK_TGT is set, a small sweep
of SPDK. Fails when a page does, when it is larger than 3 MB, or when it does not show what the sweep's JSON has.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import page_check
from page_check import By

LARGEST_BYTES = 3_000_000
FINDINGS = 1  # exit code


class Maker:
    def __init__(self, arguments, directory):
        self.faultline, self.suite = arguments.faultline, arguments.suite
        self.scenarios, self.directory = arguments.scenarios, directory
        self.failed = []

    def run(self, command, expected):
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", check=False)
        if done.returncode not in expected:
            self.failed.append(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-3000:]}")

    def sweep(self, name, scenario, options, expected):
        store, page, report = (self.directory / f"{name}.{kind}" for kind in ("db", "html", "json"))
        self.run([self.faultline, "sweep", self.scenarios / scenario, "--store", store, *options,
                  f"--report=html={page},json={report}"], expected)
        return page

    def testpmd(self):
        page = self.sweep("testpmd", "dpdk/testpmd-start.yaml", ["--points", "libc/thread/*"], [FINDINGS])
        compared = self.directory / "compared.html"
        store = self.directory / "testpmd.db"
        self.run([self.faultline, "report", store, "--html", compared, "--compare", store], [0])
        return [page, compared]

    def spdk(self):
        if not os.environ.get("FAULTLINE_SPDK_TGT"):
            print("skipped: the page of a sweep of SPDK: FAULTLINE_SPDK_TGT is unset")
            return []
        return [self.sweep("spdk", "spdk/start.yaml", ["--points", "libc/thread/*", "--points", "dpdk/ring/create",
                                                      "--budget", "120runs"], [0, FINDINGS, 3])]

    def one_run(self):
        page = self.directory / "run.html"
        self.run([self.faultline, "run", self.scenarios / "reference/founding-case-injected.yaml", "--set",
                  "defect=unregister-missing", f"--report=html={page}"], [FINDINGS])
        return [page]

    def whole_suite(self):
        data, page = self.directory / "suite", self.directory / "suite.html"
        data.mkdir()
        shipped = (self.scenarios / "reference/founding-case-injected.yaml").read_text()
        for name in ("broken-first", "broken-second"):  # the same finding twice
            (data / f"{name}.yaml").write_text(shipped + "variables: {defect: unregister-missing}\n")
        (data / "good.yaml").write_text((self.scenarios / "reference/start.yaml").read_text())
        (data / "wrong.yaml").write_text("faultline: 1\nsummary: x\nprofile: reference\nstepz: []\n")
        (data / "elsewhere.yaml").write_text("faultline: 1\nsummary: x\nprofile: nowhere\nsteps: []\n")
        (data / "profiles").mkdir()
        (data / "profiles/nowhere.yaml").write_text(
            "faultline: 1\nsummary: a program that is not here\nprogram: no-such-program-anywhere\nready: started\n")
        self.run([self.suite, data, f"--report=html={page}"], [FINDINGS])
        return [page]


def shows_what_was_found(driver, page):
    """The causes of the JSON report are those that the page has."""
    document = json.loads(page.with_suffix(".json").read_text())
    driver.get(page.as_uri())
    shown = {link.get_attribute("href").split("/")[-1]
             for link in driver.find_elements(By.CSS_SELECTOR, "#causes a")}
    found = {finding["id"] for finding in document["findings"]}
    return [] if shown == found else [f"{page.name}: shows {sorted(shown)}, found {sorted(found)}"]


def suite_has_two_of_one(driver, page):
    driver.get(page.as_uri())
    links = {link.get_attribute("href") for link in driver.find_elements(By.CSS_SELECTOR, ".scenarios a")}
    names = set()
    for link in links:
        driver.get(link)
        names.add(driver.find_element(By.CSS_SELECTOR, ".command").text.splitlines()[0])
    good = len(links) == 2 and len(names) == 2
    return [] if good else [f"{page.name}: two scenarios with one finding: {sorted(links)} are seen again by {names}"]


def main():
    parser = argparse.ArgumentParser()
    for name in ("faultline", "suite", "scenarios"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--screenshots")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["XDG_CACHE_HOME"] = temporary + "/cache"
        maker = Maker(arguments, pathlib.Path(temporary))
        spdk = maker.spdk()
        pages = maker.testpmd() + spdk + maker.one_run() + maker.whole_suite()
        failed = maker.failed
        failed += [f"{page.name}: {page.stat().st_size} bytes" for page in pages if page.stat().st_size > LARGEST_BYTES]
        failed += page_check.use_pages(pages, 2000, arguments.screenshots)
        with tempfile.TemporaryDirectory() as profile:
            driver = page_check.browser(profile)
            try:
                driver.implicitly_wait(2)
                for page in [pages[0], *spdk]:
                    failed += shows_what_was_found(driver, page)
                failed += suite_has_two_of_one(driver, pages[-1])
            finally:
                driver.quit()
    for one in failed:
        print("FAILED  " + one)
    return 1 if failed else 0


sys.exit(main())
