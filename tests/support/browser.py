"""Headless Chromium in a namespace: a page as a person's browser shows it."""

import base64
import contextlib

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

# What it takes as root and without a display, and so that it asks nobody but the page's host.
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-quic", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
SECONDS = 30  # for one command: it is slow to start, no more


class Browser:
    """A window of `width`; its colours as in the light or the dark mode of a desktop."""

    def __init__(self, driver):
        self.driver = driver

    def show(self, url, width=1000, dark=False):
        self.resize(width, 800)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.driver.get(url)

    def resize(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def text(self, selector):
        """What a person reads there."""
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def rows(self, section):
        """A section's table: the text of the first cell → that of the last, of each row with a
        heading."""
        rows = self.driver.find_elements(By.CSS_SELECTOR, f"#{section} tr:has(th)")
        return {row.find_element(By.CSS_SELECTOR, "th").text:
                row.find_element(By.CSS_SELECTOR, "td:last-child").text for row in rows}

    def evaluate(self, expression):
        return self.driver.execute_script(f"return {expression}")

    def complaints(self):
        """What the console says since it was last asked, such as what the policy forbade. That
        there is no icon is no complaint."""
        return [line["message"] for line in self.driver.get_log("browser")
                if "/favicon.ico" not in line["message"]]

    def picture(self, path):
        """Saves the whole page as a PNG file."""
        width, height = self.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        self.resize(width, height)
        self.driver.save_screenshot(str(path))

    def print(self):
        """The page as printed: PDF bytes."""
        printed = self.driver.execute_cdp_cmd("Page.printToPDF", {})
        return base64.b64decode(printed["data"])


@contextlib.contextmanager
def browser(namespace):
    """Chromium within the namespace, and gone at the end. Use it in the thread that opened it."""
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ARGUMENTS:
        options.add_argument(argument)
    with namespace.entered():
        driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        try:
            driver.set_page_load_timeout(SECONDS)
            yield Browser(driver)
        finally:
            driver.quit()
