"""selenium's Remote: a session, a page, a script, the end."""

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException

REPLIES = {
    "POST /session": (200, {"Content-Type": "application/json; charset=utf-8"}, '{"value": {"sessionId": "s", "capabilities": {"browserName": "chrome"}}}'),
    "POST /session/s/url": (200, {"Content-Type": "application/json; charset=utf-8"}, '{"value": null}'),
    "GET /session/s/title": (200, {"Content-Type": "application/json; charset=utf-8"}, '{"value": "A title"}'),
    "POST /session/s/execute/sync": (200, {"Content-Type": "application/json; charset=utf-8"}, ['{"value": ', "[1, 2]}"]),
    "POST /session/s/element": (404, {"Content-Type": "application/json; charset=utf-8"}, '{"value": {"error": "no such element", "message": "none", "stacktrace": ""}}'),
    "DELETE /session/s": (200, {"Content-Type": "application/json; charset=utf-8"}, '{"value": null}'),
}  # fmt: skip


def exchange(peer):
    driver = webdriver.Remote(command_executor=peer.http, options=webdriver.ChromeOptions())
    driver.get("http://page.example/")
    seen = [driver.session_id, driver.title, driver.execute_script("return [1, 2]")]
    try:
        driver.find_element("id", "none")
    except NoSuchElementException as error:
        seen.append(error.msg)
    driver.quit()
    return seen
