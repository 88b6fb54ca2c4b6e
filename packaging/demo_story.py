"""What the people in the sample sessions do in the demo shop. Each story takes an open browser and the shop's URL."""

from __future__ import annotations

from chromium import Chromium, Page, popup_of


def _choose(page: Page, shop: str, product: str, query: str) -> None:
    """Open the catalogue, look around, open a product, put it into the cart."""
    page.go(f"{shop}?{query}")
    page.until("document.querySelectorAll('.card').length === 8")
    page.wait(1.4)
    page.move(".card:nth-child(3)")
    page.scroll(260)
    page.click(f"[data-product={product}]")
    page.until("document.querySelector('#add') !== null")
    page.wait(0.8)
    page.click("#add")
    page.until("document.querySelector('#added a') !== null")
    page.wait(0.5)


def _fill_in(page: Page, email: str, name: str) -> None:
    page.until("document.querySelector('#place') !== null")
    page.wait(0.6)
    page.type("#email", email)
    page.type("#name", name)
    page.type("#street", "12 Quay Lane")
    page.type("#card", "4111111111111111")
    page.type("#cvc", "737")
    page.click("#terms")
    page.wait(0.3)


def checkout_fails(browser: Chromium, shop: str) -> str:
    """A voucher, a reload, and a checkout that answers 502 however often one clicks. Answers the session's URL."""
    page = browser.open()
    page.go(shop)
    page.until("document.querySelectorAll('.card').length === 8")
    page.idle(1.2)  # the banner comes and moves the page
    page.click("#by-price")
    page.until("document.querySelector('#by-price[aria-pressed]') !== null")
    page.wait(0.7)
    page.scroll(300)
    page.click("[data-product=comet]")
    page.until("document.querySelector('#add') !== null")
    page.wait(0.9)
    page.click("#add")
    page.until("document.querySelector('#added a') !== null")
    page.wait(0.6)
    page.click("#added a")
    page.until("document.querySelector('#voucher') !== null")
    page.wait(0.8)
    page.click("[data-more=comet]")
    page.wait(0.5)
    page.click("[data-less=comet]")
    page.wait(0.4)
    page.type("#voucher", "WELCOM10")
    page.key("Enter", 13)
    page.until("document.querySelector('#voucher-note').textContent !== ''")
    page.wait(0.9)
    page.call("Page.reload")
    page.idle(0.8)
    page.until("document.readyState === 'complete' && document.querySelector('#voucher') !== null")
    page.wait(0.7)
    page.type("#voucher", "WELCOME10")
    page.key("Enter", 13)
    page.until("document.querySelector('#voucher-note').textContent.includes('10')")
    page.wait(0.8)
    page.click("#to-checkout")
    _fill_in(page, "ada.marlow@example.com", "Ada Marlow")
    page.click("#place")
    page.until("document.querySelector('#failure').textContent !== ''")
    page.wait(1.3)
    page.press()
    page.wait(1.0)
    for _ in range(4):
        page.press()
        page.wait(0.16)
    page.wait(1.6)
    page.move("#failure")
    page.scroll(200)
    page.wait(2.4)
    url = str(page.evaluate("shopRecorder.sessionUrl()"))
    page.close()
    return url


def happy_path(browser: Chromium, shop: str) -> str:
    """An order that works, with the delivery page read in a second tab meanwhile. Answers the session's URL."""
    page = browser.open()
    _choose(page, shop, "birch", "as=noor")
    page.click("#cart-link")
    page.until("document.querySelector('#returns') !== null")
    page.wait(0.7)
    other = popup_of(browser, lambda: page.click("#returns"))
    other.until("document.querySelector('.prose') !== null && window.shopRecorder !== undefined")
    other.wait(1.0)
    other.scroll(600)
    other.wait(1.4)
    other.scroll(500)
    other.wait(2.2)
    other.close()
    page.front()
    page.wait(0.6)
    page.click("#to-checkout")
    _fill_in(page, "noor.haddad@example.com", "Noor Haddad")
    page.click("#place")
    page.until("document.querySelector('.thanks') !== null")
    page.wait(2.6)
    url = str(page.evaluate("shopRecorder.sessionUrl()"))
    page.close()
    return url


def sentry_checkout(browser: Chromium, shop: str) -> str:
    """The failing checkout as the real Sentry SDK sees it. Answers the session's URL."""
    page = browser.open()
    _choose(page, shop, "ember", "recorder=sentry")
    page.idle(5.2)  # the SDK sends what it has every 5 s; what is younger dies with the page
    page.click("#cart-link")
    page.until("document.querySelector('#voucher') !== null")
    page.wait(0.5)
    page.type("#voucher", "WELCOME10")
    page.key("Enter", 13)
    page.until("document.querySelector('#voucher-note').textContent.includes('10')")
    page.idle(5.2)
    page.click("#to-checkout")
    _fill_in(page, "ada.marlow@example.com", "Ada Marlow")
    page.click("#place")
    page.until("document.querySelector('#failure').textContent !== ''")
    page.wait(1.2)
    for _ in range(3):
        page.press()
        page.wait(0.2)
    page.idle(6.5)
    url = str(page.evaluate("shopRecorder.sessionUrl()"))
    page.close()
    return url
