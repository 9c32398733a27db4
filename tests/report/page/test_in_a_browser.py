import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium", reason='needs pip install "dlsuite[test]"')
from selenium.webdriver.common.keys import Keys

from dlsuite.report.page import IndexEntry, index_page
from dlsuite.report.page.numbers import format_number


class Window:
    """The page in a browser."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def wait(self, script: str) -> Any:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            value = self.run(f"return {script}")
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"never came: {script}")

    def choose(self, control: str, value: object) -> None:
        self.run(
            "const e = document.getElementById(arguments[0]);"
            "if (e.type === 'checkbox') e.checked = arguments[1]; else e.value = arguments[1];"
            "e.dispatchEvent(new Event('input', {bubbles: true}));"
            "e.dispatchEvent(new Event('change', {bubbles: true}));",
            control,
            value,
        )

    def explore(self) -> None:
        self.run("document.getElementById('curves').scrollIntoView({behavior: 'instant'})")
        self.wait("document.getElementById('chart').dataset.lines")

    @property
    def lines(self) -> int:
        """How many lines plotly was given."""
        return int(
            self.run(
                "return document.getElementById('chart').data.filter(t => t.meta.count)"
                ".reduce((sum, t) => sum + t.meta.count, 0)"
            )
        )

    @property
    def complaints(self) -> list[Any]:
        return list(self.driver.get_log("browser"))


@pytest.fixture
def window(browser: Any, page_file: Path) -> Iterator[Window]:
    window = Window(browser)
    window.resize(1280, 900)
    browser.get(page_file.as_uri())
    yield window
    assert window.complaints == []
    assert window.run("return window.broken") is None


def test_the_page_opens_from_a_disk_and_says_all_names_as_they_are(
    window: Window, nasty: str
) -> None:
    window.explore()
    window.wait("document.querySelectorAll('#trials-table tbody tr').length")
    shown = window.run("return document.body.innerText.replace(/\\s+/g, ' ')")
    assert shown.count(nasty.replace("  ", " ")) > 10
    conditions = window.run("return document.getElementById('curve-conditions').textContent")
    assert nasty in conditions


def test_hovering_shows_a_label(window: Window, nasty: str) -> None:
    window.explore()
    window.choose("curve-log", False)
    window.run(
        "document.getElementById('curve-none').click();"
        "[...document.querySelectorAll('#curve-conditions label')]"
        ".find(l => l.textContent === arguments[0]).click()",
        f"dropout=0.2 kind={nasty}",
    )
    place = window.run(
        "const c = document.getElementById('chart'), l = c._fullLayout;"
        "const t = c.data.findLast(t => t.meta.kind === 'mean'), r = c.getBoundingClientRect();"
        "return [r.left + l.xaxis._offset + l.xaxis.d2p(t.x[6]), r.top + l.yaxis._offset"
        " + l.yaxis.d2p(t.y[6])]"
    )
    move = {"type": "mouseMoved", "x": place[0], "y": place[1]}
    window.driver.execute_cdp_cmd("Input.dispatchMouseEvent", move)
    window.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {**move, "x": place[0] + 1})
    label = window.wait("document.querySelector('.hoverlayer .hovertext')?.textContent")
    assert "epoch 6" in label
    assert nasty in label


def test_filters_change_the_number_of_lines(window: Window) -> None:
    window.explore()
    assert window.lines == 6 * 2
    window.choose("curve-train", False)
    assert window.lines == 6
    window.choose("curve-trials", "every")
    assert window.lines == 6 * 5
    assert window.run("return document.getElementById('curve-note').textContent").startswith("30 l")
    window.choose("curve-trials", "0 0")
    assert window.lines == 6
    window.choose("curve-all", True)
    assert window.lines == 12
    window.run(
        "const s = document.querySelector('#curve-factors select'); s.value = '0.2';"
        "s.dispatchEvent(new Event('change'))"
    )
    assert window.lines == 4
    window.run("document.querySelector('#curve-conditions label:not([hidden]) input').click()")
    assert window.lines == 2
    window.run("document.getElementById('curve-none').click()")
    assert window.lines == 0
    window.choose("curve-task", "1")
    assert window.lines == 12


def test_gradient_norms_have_no_validation_split(window: Window) -> None:
    window.explore()
    window.choose("curve-quantity", "gradient_norm")
    assert window.lines == 6
    assert window.run("return document.getElementById('curve-val').disabled")


def test_a_diverged_trial_has_a_cross(window: Window) -> None:
    window.explore()
    crosses = window.run(
        "return document.getElementById('chart').data.find(t => t.meta.kind === 'diverged').x"
    )
    assert crosses == [2, 2]
    assert "2 of the trials" in window.run("return document.getElementById('curve-note').innerText")


def test_zoom_stays_while_filters_change_and_can_be_reset(window: Window) -> None:
    window.explore()
    box = window.run(
        "const r = document.querySelector('#chart .nsewdrag').getBoundingClientRect();"
        "return [r.left, r.top, r.width, r.height]"
    )
    left, top, width, height = box
    for kind, x, y in (
        ("mousePressed", 0.3, 0.3),
        ("mouseMoved", 0.5, 0.5),
        ("mouseMoved", 0.7, 0.7),
        ("mouseReleased", 0.7, 0.7),
    ):
        event = {"x": left + x * width, "y": top + y * height, "button": "left", "clickCount": 1}
        window.driver.execute_cdp_cmd(
            "Input.dispatchMouseEvent", {"type": kind, "buttons": 1, **event}
        )
    span = "document.getElementById('chart')._fullLayout.xaxis.range"
    window.wait(f"{span}[1] - {span}[0] < 8")
    window.choose("curve-train", False)
    assert window.run(f"return {span}[1] - {span}[0]") < 8
    window.run("document.getElementById('curve-reset').click()")
    window.wait(f"{span}[1] - {span}[0] > 11")
    window.choose("curve-from", "2")
    window.choose("curve-to", "5")
    assert window.run(f"return {span}") == [2, 5]


def test_tables_are_sorted_by_click_and_by_key(window: Window) -> None:
    column = 2
    cells = (
        "[...document.querySelectorAll('#scores tbody')].map("
        f"b => [...b.rows].slice(1).map(r => +r.cells[{column}].dataset.sort))"
    )
    window.run(f"document.querySelectorAll('#scores th button')[{column}].click()")
    up = window.run(f"return {cells}")
    assert up == [sorted(values) for values in up]
    window.run(f"document.querySelectorAll('#scores th button')[{column}].focus()")
    window.driver.switch_to.active_element.send_keys(Keys.ENTER)
    down = window.run(f"return {cells}")
    assert down == [sorted(values, reverse=True) for values in up]
    head = f"document.querySelectorAll('#scores thead th')[{column}].ariaSort"
    assert window.run(f"return {head}") == "descending"


def test_trials_are_paged_filtered_and_sorted(window: Window) -> None:
    window.wait("document.querySelectorAll('#trials-table tbody tr').length === 25")
    note = "return document.getElementById('trials-note').textContent"
    assert window.run(note) == "1 to 25 of 120 trials"
    window.run("document.getElementById('trials-on').click()")
    assert window.run(note) == "26 to 50 of 120 trials"
    window.choose("trials-diverged", True)
    assert window.run(note) == "1 to 8 of 8 trials"
    window.choose("trials-diverged", False)
    window.choose("trials-text", "dropout=0.2")
    assert window.run(note) == "1 to 25 of 40 trials"
    place = window.run(
        "return [...document.querySelectorAll('#trials-table th')]"
        ".findIndex(h => h.textContent === 'Seed')"
    )
    window.run("document.querySelectorAll('#trials-table th button')[arguments[0]].click()", place)
    seeds = window.run(
        "return [...document.querySelectorAll('#trials-table tbody tr')]"
        ".map(r => +r.cells[arguments[0]].textContent)",
        place,
    )
    assert seeds == sorted(seeds)


def test_the_theme_can_be_toggled_and_the_chart_follows(window: Window) -> None:
    window.explore()
    color = "getComputedStyle(document.body).backgroundColor"
    line = "document.getElementById('chart').data.find(t => t.meta.kind === 'mean').line.color"
    before = window.run(f"return [{color}, {line}]")
    window.run("document.getElementById('theme').click()")
    after = window.run(f"return [{color}, {line}]")
    assert before[0] != after[0]
    assert before[1] != after[1]
    window.run("document.getElementById('theme').click()")
    assert window.run(f"return [{color}, {line}]") == before


def test_a_figure_is_enlarged_and_closed_by_key(window: Window) -> None:
    window.run("document.querySelector('.enlarge').click()")
    assert window.run("return document.getElementById('enlarged').open")
    window.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not window.run("return document.getElementById('enlarged').open")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_scrolls_down_only(window: Window, theme: str) -> None:
    window.resize(390, 844)
    window.run("document.documentElement.dataset.theme = arguments[0]", theme)
    window.explore()
    window.wait("document.querySelectorAll('#trials-table tbody tr').length")
    assert window.run("return document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground(window: Window, theme: str) -> None:
    window.run("document.documentElement.dataset.theme = arguments[0]", theme)
    pairs = [("ink", "paper"), ("muted", "paper"), ("muted", "raised"), ("muted", "tint")]
    pairs += [("link", "paper"), ("link", "raised"), ("muted", "plain-bg")]
    pairs += [(tone, f"{tone}-bg") for tone in ("good", "bad", "look")]
    for front, back in pairs:
        colors = [
            window.run(
                "return getComputedStyle(document.documentElement).getPropertyValue('--' + arguments[0])",
                name,
            ).strip()
            for name in (front, back)
        ]
        light, dark = sorted((luminance(color) for color in colors), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back)


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_paper_has_tables_whole_and_no_controls(window: Window) -> None:
    window.wait("document.querySelectorAll('#trials-table tbody tr').length")
    pdf = base64.b64decode(window.driver.print_page())
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 20_000
    window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown = (
            "[...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility()).length"
        )
        assert window.run(f"return {shown}", "button.quiet, select, input, nav") == 0
        assert window.run(f"return {shown}", "#scores tbody tr") > 10
        clipped = (
            "[...document.querySelectorAll('.scroll')]"
            ".filter(e => e.scrollHeight > e.clientHeight + 1).length"
        )
        assert window.run(f"return {clipped}") == 0
    finally:
        window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_numbers_are_written_alike_in_both_languages(window: Window, tmp_path: Path) -> None:
    program = Path(format_number.__code__.co_filename).parent / "scripts" / "numbers.js"
    values = [0.5, 27.0, 24.94, 123.4, 999.7, 13706, 2.5e7, 0, -0.25, 1.234e-5, 0.00012, -0.00001]
    found = window.run(
        f"{program.read_text(encoding='utf-8')}\n"
        "return JSON.parse(arguments[0]).map(v => [formatNumber(v), formatNumber(v, true)])",
        json.dumps(values),
    )
    assert found == [[format_number(v), format_number(v, "accuracy")] for v in values]


def test_a_browser_that_cannot_unpack_says_so(browser: Any, page_file: Path) -> None:
    window = Window(browser)
    added = browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "delete window.DecompressionStream"}
    )
    try:
        browser.get(page_file.as_uri())
        text = window.run("return document.getElementById('curves').nextElementSibling.textContent")
        assert "lacks DecompressionStream" in text
        assert window.complaints == []
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_the_index_opens_too(browser: Any, tmp_path: Path, nasty: str) -> None:
    path = tmp_path / "index.html"
    entry = IndexEntry(name=nasty, question="Why?", trials=3, link="made_up/report.html")
    path.write_text(index_page([entry]), encoding="utf-8")
    browser.get(path.as_uri())
    window = Window(browser)
    assert nasty in window.run("return document.querySelector('h2').textContent")
    assert window.complaints == []
