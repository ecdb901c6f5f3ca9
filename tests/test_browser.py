"""The explorer in a browser: every control is operated, by hand, finger and keys, and the picture is seen to change.

Headless Chromium through selenium; it runs on a page of fabricated results, and on the built book if it is there. The
stage `make browser` runs these after the book is built.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from fabricated import ACCELERATED, accelerated_runs, explorer_runs

from recon_lib.core import paths
from recon_lib.explorer.page import render_explorer
from recon_lib.results import merge, provenance, store

try:
    from selenium import webdriver
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select, WebDriverWait
except ImportError:
    webdriver = None

_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(webdriver is None, reason="selenium is not installed"),
    pytest.mark.skipif(
        not (_CHROMIUM and _DRIVER),
        reason="Chromium or its driver is not installed (Debian: chromium, chromium-driver)",
    ),
]
BUILT = paths.BOOK / "_build" / "html"
VIEWS = ("compare", "error-before", "error-after", "mask")
FACTORS = ".re-row [data-count=acceleration] input"
OPTIONS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --hide-scrollbars --force-device-scale-factor=1"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = _CHROMIUM
    for option in OPTIONS.split():
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(_DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def bare_page(tmp_path_factory):
    """The explorer of fabricated results in a page of its own: nothing of a theme helps it."""
    folder = tmp_path_factory.mktemp("explorer")
    runs = [*explorer_runs(folder / "runs"), *accelerated_runs(folder / "runs")]
    merge.collect(runs, folder / "desk", {"profile": ACCELERATED})
    shown = store.Results("desk", folder / "desk", provenance.verify(folder / "desk"))
    path = folder / "explorer.html"
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Test</title>'
    )
    body = f'{render_explorer(shown).html}<a class="other" href="explorer_small.html">other</a>'
    path.write_text(f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>', encoding="utf-8")
    return path


@pytest.fixture(params=["bare page", "built book"])
def page(request, browser, bare_page):
    path = bare_page if request.param == "bare page" else BUILT / "explorer.html"
    if not path.is_file():
        pytest.skip("the book is not built: make book")
    resize(browser, 1200, 1000)
    browser.get_log("browser")  # what an earlier page said
    browser.get(path.as_uri())
    wait(browser, lambda: "Before:" in note(browser))
    yield browser
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []


def wait(driver, condition):
    WebDriverWait(driver, 15, poll_frequency=0.05).until(lambda _: condition())


def resize(driver, width, height, touch=False):
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})


def note(driver):
    return driver.find_element(By.CSS_SELECTOR, ".recon-explorer .re-note").text


def pictures(driver):
    code = "return arguments[0].map(v => document.querySelector(`[data-view=${v}]`).toDataURL())"
    return dict(zip(VIEWS, driver.execute_script(code, list(VIEWS)), strict=True))


def caption(driver):
    return find(driver, ".re-numbers caption").get_attribute("textContent")


def numbers(driver):
    cells = driver.find_elements(By.CSS_SELECTOR, ".re-numbers tbody td")
    return [cell.get_attribute("textContent") for cell in cells]


def changed_by(driver, act, *views):
    """Do something, and wait until each of these pictures is another one."""
    before = pictures(driver)
    act()
    wait(driver, lambda: all(pictures(driver)[view] != before[view] for view in views))
    return before, pictures(driver)


def find(driver, selector):
    return driver.find_element(By.CSS_SELECTOR, selector)


def side(name, rest):
    return f".re-side[data-side={name}] {rest}"


def enabled(driver, selector):
    return [e for e in driver.find_elements(By.CSS_SELECTOR, selector) if e.is_enabled() and not e.is_selected()]


def test_every_select_changes_the_picture(page):
    for name in ("contrast", "slice"):
        if name == "contrast":
            chosen = Select(find(page, "[name=contrast]"))
            assert len(chosen.options) > 1
        control = Select(find(page, f"[name={name}]"))
        other = next((o for o in control.options if not o.is_selected()), None)
        if other is not None:
            said = note(page)
            changed_by(page, other.click, *VIEWS if name == "contrast" else ("compare",))
            assert note(page) != said
    for name in ("before", "after"):
        for value in [o.get_attribute("value") for o in Select(find(page, side(name, "select"))).options]:
            control = Select(find(page, side(name, "select")))
            option = next(o for o in control.options if o.get_attribute("value") == value)
            if option.is_enabled() and not option.is_selected():
                before, after = changed_by(page, option.click, "compare", f"error-{name}")
                other = "after" if name == "before" else "before"
                assert after[f"error-{other}"] == before[f"error-{other}"]


def test_every_number_of_images_changes_picture_and_numbers(page):
    for name in ("before", "after"):
        for count in ("n_train", "n_finetune"):
            for button in enabled(page, side(name, f"[data-count={count}] input")):
                shown = numbers(page)
                changed_by(page, button.click, "compare", f"error-{name}")
                assert button.is_selected()
                assert numbers(page) != shown


def test_every_acceleration_changes_picture_mask_and_numbers(page):
    (own,) = [e for e in page.find_elements(By.CSS_SELECTOR, FACTORS) if e.is_selected()]
    for button in enabled(page, FACTORS):
        shown, said, named = numbers(page), caption(page), find(page, "[data-view=mask]").accessible_name
        changed_by(page, button.click, *VIEWS)
        assert button.is_selected()
        assert numbers(page) != shown
        assert caption(page).endswith(f"acceleration {button.get_attribute('value')}:")
        assert caption(page) != said
        assert find(page, "[data-view=mask]").accessible_name != named
    if not own.is_selected():
        changed_by(page, own.click, *VIEWS)


def test_an_acceleration_is_chosen_by_mouse_finger_and_keys(browser, bare_page):
    resize(browser, 400, 900, touch=True)
    browser.get(bare_page.as_uri())
    wait(browser, lambda: "Before:" in note(browser))
    own, low = (find(browser, f"{FACTORS}[value='{factor}']") for factor in (4, 2))
    assert own.is_selected()
    first = numbers(browser)

    def touch():
        label = "const b = arguments[0].parentElement.getBoundingClientRect(); return [b.left + 3, b.top + 3]"
        browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", low)
        x, y = browser.execute_script(label, low)
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    changed_by(browser, touch, *VIEWS)
    assert low.is_selected()
    # before, as trained; after, tuned with 20; and what tuning gains: this slice, then all
    sides = ["38.00", "0.760", "39.00", "0.760", "37.50", "0.750", "38.50", "0.750"]
    assert numbers(browser) == [*sides, "\u22120.50", "\u22120.010", "\u22120.50", "\u22120.010"]
    assert "50 %" in find(browser, "[data-view=mask] + figcaption").text
    changed_by(browser, lambda: low.send_keys(Keys.ARROW_RIGHT), *VIEWS)
    assert own.is_selected()
    assert numbers(browser) == first
    resize(browser, 1200, 1000)
    changed_by(browser, low.find_element(By.XPATH, "..").click, *VIEWS)
    assert low.is_selected()


def test_what_was_not_run_at_an_acceleration_cannot_be_chosen(browser, bare_page):
    resize(browser, 1200, 1000)
    browser.get(bare_page.as_uri())
    wait(browser, lambda: "Before:" in note(browser))
    own, high = (find(browser, f"{FACTORS}[value='{factor}']") for factor in (4, 8))
    tuned = find(browser, side("after", "[data-count=n_finetune] input[value='20']"))
    small = find(browser, side("after", "[data-count=n_train] input[value='500']"))
    assert tuned.is_enabled()
    changed_by(browser, high.click, *VIEWS)
    assert not tuned.is_enabled()
    assert not small.is_enabled()
    assert "line-through" in tuned.find_element(By.XPATH, "..").value_of_css_property("text-decoration")
    assert 'no such picture for "after"' in note(browser)
    methods = Select(find(browser, side("after", "select"))).options
    assert {o.get_attribute("value") for o in methods if o.is_enabled()} == {
        "reference", "zero_filled", "network-natural",
    }  # fmt: skip
    contrast = Select(find(browser, "[name=contrast]"))
    changed_by(browser, lambda: contrast.select_by_visible_text("T2"), *VIEWS)
    assert own.is_selected()  # nothing of T2 was run at 8
    assert not high.is_enabled()
    assert "line-through" in high.find_element(By.XPATH, "..").value_of_css_property("text-decoration")
    assert "at acceleration 8 here; 4 is shown" in note(browser)


def test_the_divider_moves_by_mouse_finger_and_keys(page):
    divider, stage = find(page, "[name=divider]"), find(page, ".re-frame")
    wide = stage.size["width"]
    _, middle = changed_by(
        page,
        lambda: (
            ActionChains(page).move_to_element(stage).click_and_hold().move_by_offset(wide // 4, 5).release().perform()
        ),
        "compare",
    )
    assert int(divider.get_attribute("value")) == pytest.approx(75, abs=2)
    assert find(page, ".re-line").get_attribute("style") == f"left: {divider.get_attribute('value')}%;"
    changed_by(page, lambda: divider.send_keys(Keys.HOME), "compare")
    assert divider.get_attribute("value") == "0"
    for _ in range(30):
        divider.send_keys(Keys.ARROW_RIGHT)
    assert divider.get_attribute("value") == "30"
    assert pictures(page)["compare"] != middle["compare"]
    assert "30 per cent before" in divider.get_attribute("aria-valuetext")
    resize(page, 400, 900, touch=True)

    def touch():
        """Drag by finger; again if the page was still settling into its new size."""
        page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", stage)
        box = page.execute_script(
            "const b = arguments[0].getBoundingClientRect(); return [b.left, b.top, b.width]", stage
        )
        for kind, share in (("touchStart", 0.5), ("touchMove", 0.55), ("touchMove", 0.6), ("touchEnd", None)):
            points = [] if share is None else [{"x": box[0] + share * box[2], "y": box[1] + 20}]
            page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        return abs(int(divider.get_attribute("value")) - 60) <= 2

    wait(page, touch)


def test_at_its_ends_the_divider_shows_one_side_alone(page):
    """Left of it is `before`, right of it `after`: compared with the same method on both sides."""
    divider = find(page, "[name=divider]")
    changed_by(page, lambda: divider.send_keys(Keys.END), "compare")
    only_before = pictures(page)["compare"]
    changed_by(page, lambda: divider.send_keys(Keys.HOME), "compare")
    only_after = pictures(page)["compare"]
    assert only_after != only_before
    raw = find(page, side("after", "[data-count=n_finetune] input[value='0']"))
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", raw)
    changed_by(page, raw.click, "compare", "error-after")
    assert pictures(page)["compare"] == only_before
    assert pictures(page)["error-after"] == pictures(page)["error-before"]
    assert numbers(page)[8:] == ["+0.00", "+0.000", "+0.00", "+0.000"]


def test_all_of_it_is_reached_and_used_by_keys_alone(page):
    first = find(page, "[name=contrast]")
    page.execute_script("arguments[0].focus()", first)
    reached = [first]
    for _ in range(30):
        if reached[-1].get_attribute("name") == "divider":
            break
        reached[-1].send_keys(Keys.TAB)
        reached.append(page.switch_to.active_element)
        shown = page.execute_script(
            "const seen = [arguments[0], arguments[0].parentElement];"
            "return seen.some(e => getComputedStyle(e).outlineStyle !== 'none')",
            reached[-1],
        )
        assert shown, f"no focus is seen on {reached[-1].get_attribute('outerHTML')[:80]}"
    names = {e.get_attribute("name") or "" for e in reached}
    assert {"contrast", "slice", "method", "divider"} <= names
    assert sum("n_finetune" in name for name in names) == 2
    tuned = next(e for e in reached if "after-n_finetune" in (e.get_attribute("name") or ""))
    changed_by(page, lambda: tuned.send_keys(Keys.ARROW_LEFT), "compare", "error-after")
    changed_by(page, lambda: first.send_keys(Keys.ARROW_DOWN), "compare", "mask")


def test_the_error_of_the_reference_is_nothing_and_has_no_number(page):
    method = Select(find(page, side("after", "select")))
    changed_by(page, lambda: method.select_by_value("reference"), "compare", "error-after")
    code = """const c = document.querySelector('[data-view=error-after]'), n = c.width * c.height;
        const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        return [...Array(n).keys()].every(i => p[4 * i] === p[0] && p[4 * i + 1] === p[1] && p[4 * i + 2] === p[2])"""
    assert page.execute_script(code)
    assert numbers(page)[4:] == [""] * 8
    assert enabled(page, side("after", "[data-count] input")) == []


def test_it_fits_a_phone_in_light_and_dark(page):
    for width in (1200, 400, 320):
        resize(page, width, 900)
        for theme in ("light", "dark"):
            page.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
            wide = page.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
            assert wide[0] <= wide[1], (width, theme)
            for box in page.find_elements(By.CSS_SELECTOR, ".recon-explorer :is(select, input, canvas)"):
                assert box.rect["x"] >= 0
                assert box.rect["x"] + box.rect["width"] <= width


def test_everything_is_named_for_those_who_cannot_see_it(page):
    for view in VIEWS:
        picture = find(page, f"[data-view={view}]")
        assert picture.aria_role in ("img", "image")
        assert len(picture.accessible_name) > 30
        assert picture.accessible_name != "Not drawn yet."
    for control in page.find_elements(By.CSS_SELECTOR, ".recon-explorer :is(select, input)"):
        assert control.accessible_name, control.get_attribute("outerHTML")
    assert find(page, ".re-note").get_attribute("aria-live") == "polite"
    label = find(page, "[data-view=compare]").accessible_name
    Select(find(page, side("before", "select"))).select_by_value("zero_filled")
    wait(page, lambda: find(page, "[data-view=compare]").accessible_name != label)


def test_what_was_not_run_cannot_be_chosen(browser, bare_page):
    browser.get(bare_page.as_uri())
    wait(browser, lambda: "Before:" in note(browser))
    small = find(browser, side("after", "[data-count=n_train] input[value='500']"))
    tuned = find(browser, side("after", "[data-count=n_finetune] input[value='20']"))
    assert tuned.is_selected()
    changed_by(browser, small.click, "compare", "error-after")
    assert not tuned.is_enabled()
    assert find(browser, side("after", "[data-count=n_finetune] input[value='5']")).is_selected()
    assert 'no such picture for "after"' in note(browser)
    other = next(o for o in Select(find(browser, "[name=slice]")).options if not o.is_selected())
    changed_by(browser, other.click, "compare", "error-before")
    assert not find(browser, side("before", "[data-count=n_train] input[value='4000']")).is_enabled()
    t1 = next(o for o in Select(find(browser, side("before", "select"))).options if "T1" in o.text)
    assert not t1.is_enabled()
    assert "(none)" in t1.text
    assert numbers(browser)[4:6] == ["31.50", "0.900"]
    assert numbers(browser)[6:8] == ["31.50", "0.900"]


def test_the_first_suggestion_makes_the_slice_better(page):
    before, after = (float(numbers(page)[i]) for i in (0, 4))
    assert after > before


def test_a_click_on_an_error_map_enlarges_that_place_in_all_pictures(page):
    whole = canvas_size(page, "error-after")
    target = find(page, "[data-view=error-after]")
    offset = (-target.size["width"] // 4, -target.size["height"] // 4)
    act = ActionChains(page).move_to_element_with_offset(target, *offset).click().perform
    changed_by(page, act, "compare", "error-before", "error-after")
    assert Select(find(page, "[name=zoom]")).first_selected_option.get_attribute("value") == "2"
    for view in ("compare", "error-before", "error-after"):
        assert canvas_size(page, view) == [(length + 1) // 2 for length in whole]
    assert int(find(page, "[name=x]").get_attribute("value")) == pytest.approx(25, abs=3)
    assert int(find(page, "[name=y]").get_attribute("value")) == pytest.approx(25, abs=3)
    changed_by(page, lambda: find(page, "[name=x]").send_keys(Keys.END), "error-after")
    Select(find(page, "[name=zoom]")).select_by_value("1")
    wait(page, lambda: canvas_size(page, "error-after") == whole)
    assert not find(page, "[name=x]").is_enabled()


def test_an_address_shows_again_what_was_chosen(page):
    low = next(iter(enabled(page, side("after", "[data-count=n_finetune] input"))))
    changed_by(page, low.click, "compare", "error-after")
    find(page, "[name=divider]").send_keys(Keys.HOME)
    Select(find(page, "[name=zoom]")).select_by_value("4")
    wait(page, lambda: "zoom=4" in page.current_url and "divider=0" in page.current_url)
    address = find(page, ".re-link").get_attribute("href")
    assert address == page.current_url
    kept = pictures(page), numbers(page), note(page)
    page.get("about:blank")
    page.get(address)
    wait(page, lambda: "Before:" in note(page) and numbers(page) == kept[1])
    wait(page, lambda: pictures(page) == kept[0])
    assert note(page) == kept[2]


def test_a_link_to_the_other_explorer_opens_it_with_the_same_choice(page):
    low = next(iter(enabled(page, side("after", "[data-count=n_finetune] input"))))
    changed_by(page, low.click, "compare", "error-after")
    chosen = f"%2F{low.get_attribute('value')}"
    wait(page, lambda: re.search(f"after=[^&]*{chosen}(&|$)", page.current_url))
    links = page.find_elements(By.CSS_SELECTOR, "a[href*='explorer_small.html']")
    fragments = {link.get_attribute("href").partition("#")[2] for link in links}
    assert fragments == {page.current_url.partition("#")[2]}


@pytest.mark.parametrize("fragment", ["#what", "#contrast=none&slice=x/1&before=cs:none/a/b&zoom=9&divider=many"])
def test_an_address_that_asks_for_nothing_we_have_opens_as_usual(browser, bare_page, fragment):
    resize(browser, 1200, 1000)
    browser.get(bare_page.as_uri())
    wait(browser, lambda: "Before:" in note(browser))
    usual = numbers(browser)
    browser.get("about:blank")
    browser.get(bare_page.as_uri() + fragment)
    wait(browser, lambda: "Before:" in note(browser))
    assert numbers(browser) == usual


def canvas_size(driver, view):
    code = "const c = document.querySelector(`[data-view=${arguments[0]}]`); return [c.height, c.width]"
    return driver.execute_script(code, view)


def pages():
    """The pages of the built book that hold text of ours."""
    return [
        path
        for path in sorted(BUILT.rglob("*.html"))
        if path.relative_to(BUILT).parts[0] not in ("_static", "_modules")
    ]


# Boxes that cut off what is wider than they are, and cannot be scrolled.
CLIPPED = """return [...document.querySelectorAll("main table, main figure img")].filter((e) => {
  for (let box = e.parentElement; box && box.tagName !== "MAIN"; box = box.parentElement) {
    const flow = getComputedStyle(box).overflowX;
    if (flow === "auto" || flow === "scroll") return false;
    const cut = e.getBoundingClientRect().right > box.getBoundingClientRect().right + 1;
    if ((flow === "hidden" || flow === "clip") && cut) return true;
  }
  return e.getBoundingClientRect().right > window.innerWidth + 1;
}).map((e) => e.outerHTML.slice(0, 100))"""


@pytest.mark.skipif(not BUILT.is_dir(), reason="the book is not built: make book")
@pytest.mark.parametrize("width", [1400, 400])
def test_no_table_or_figure_is_cut_off_and_grey_values_stay_as_they_are_in_the_dark(browser, width):
    resize(browser, width, 1000)
    for path in pages():
        browser.get(path.as_uri())
        assert browser.execute_script(CLIPPED) == [], (path.name, width)
        browser.execute_script("document.documentElement.dataset.theme = 'dark'")
        filters = browser.execute_script(
            "return [...document.querySelectorAll('main :is(img, canvas, svg)')].map(e => getComputedStyle(e).filter)"
        )
        assert set(filters) <= {"none"}, path.name


@pytest.mark.skipif(not BUILT.is_dir(), reason="the book is not built: make book")
def test_every_figure_has_a_caption_and_its_files_are_there(browser):
    count = 0
    for path in pages():
        browser.get(path.as_uri())
        for figure in browser.find_elements(By.CSS_SELECTOR, "figure.recon-figure"):
            count += 1
            assert len(figure.find_element(By.TAG_NAME, "figcaption").text) > 60, path.name
            links = figure.find_elements(By.CSS_SELECTOR, "figcaption a[download]")
            assert [link.text for link in links] == ["SVG", "PNG", "CSV"], path.name
            for link in links:
                file = path.parent / link.get_dom_attribute("href")
                assert file.stat().st_size > 20, (path.name, file.name)
    assert count >= 6


@pytest.mark.skipif(not BUILT.is_dir(), reason="the book is not built: make book")
def test_every_page_of_the_book_is_quiet_fits_a_phone_and_describes_its_figures(browser):
    resize(browser, 400, 900)
    browser.get_log("browser")
    for path in pages():
        browser.get(path.as_uri())
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 400, (path.name, wide)
        bare = browser.execute_script(
            "const undescribed = 'main img:not([alt]), main img[alt=\"\"], main canvas:not([aria-label])';"
            "return [...document.querySelectorAll(undescribed)].map(e => e.outerHTML.slice(0, 100))"
        )
        assert bare == [], path.name
        said = [entry["message"] for entry in browser.get_log("browser") if entry["level"] != "INFO"]
        assert said == [], path.name
