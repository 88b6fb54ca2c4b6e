// The cart: quantities, voucher, totals.
import { request } from "./api.js";
import { lamp } from "./art.js";
import { dispatch, getState, lines, money, totals } from "./store.js";

export function summary() {
  const { goods, discount, delivery, total } = totals();
  const { voucher } = getState();
  return (
    `<dl class="totals"><dt>Goods</dt><dd>${money(goods)}</dd>` +
    (voucher ? `<dt>Voucher ${voucher.code}</dt><dd>− ${money(discount)}</dd>` : "") +
    `<dt>Delivery</dt><dd>${delivery ? money(delivery) : "free"}</dd><dt class="sum">Total</dt><dd class="sum">${money(total)}</dd></dl>`
  );
}

function show() {
  const main = document.querySelector("main");
  if (!lines().length) {
    main.innerHTML = `<h1>Your cart</h1><p>It is empty. <a href="index.html">Choose a lamp</a>.</p>`;
    return;
  }
  const rows = lines()
    .map(
      ({ product, quantity }) =>
        `<li>${lamp(product.art, 72)}<span class="grow"><strong>${product.name}</strong><br><span class="muted">${money(product.price)}</span></span>` +
        `<span class="stepper"><button data-less="${product.id}" aria-label="one less">−</button><output>${quantity}</output>` +
        `<button data-more="${product.id}" aria-label="one more">+</button></span><strong>${money(product.price * quantity)}</strong></li>`,
    )
    .join("");
  main.innerHTML =
    `<h1>Your cart</h1><div class="columns"><ul class="lines">${rows}</ul><aside>` +
    `<form id="voucher-form"><label>Voucher <input id="voucher" name="voucher" autocomplete="off"></label><button>Apply</button><p id="voucher-note" role="status"></p></form>` +
    `${summary()}<a class="button primary" id="to-checkout" href="checkout.html">Checkout</a>` +
    `<p><a href="returns.html" target="_blank" id="returns">Delivery and returns</a></p></aside></div>`;
  document.querySelector("#voucher-form").addEventListener("submit", applyVoucher);
}

async function applyVoucher(event) {
  event.preventDefault();
  const code = document.querySelector("#voucher").value.trim().toUpperCase();
  const { ok, status, answer } = await request("GET", `api/vouchers/${encodeURIComponent(code)}`);
  if (ok) {
    dispatch("voucher/applied", { code, percent: answer.percent });
    show();
  } else {
    console.warn("voucher refused", code, status);
    dispatch("voucher/refused", { code });
  }
  document.querySelector("#voucher-note").textContent = ok ? `${answer.percent} % off.` : "We do not know this voucher.";
}

export function startCart() {
  document.title = "Your cart · Lumen & Oak";
  show();
  document.addEventListener("click", (event) => {
    const id = event.target.dataset?.more || event.target.dataset?.less;
    if (!id) return;
    const quantity = (getState().cart[id] || 0) + (event.target.dataset.more ? 1 : -1);
    dispatch("cart/quantity", { id, quantity });
    show();
  });
}
