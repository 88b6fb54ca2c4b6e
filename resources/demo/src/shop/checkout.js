// Checkout. Its bug is the story: a gateway error is shown, and then treated like an order all the same.
import { request } from "./api.js";
import { summary } from "./cart.js";
import { dispatch, getState, lines, money, totals } from "./store.js";

class GatewayError extends Error {
  name = "GatewayError";
}

function show() {
  document.querySelector("main").innerHTML =
    `<h1>Checkout</h1><div class="columns"><form id="order" novalidate>` +
    `<label>E-mail <input id="email" name="email" type="email" autocomplete="email"></label>` +
    `<label>Name <input id="name" name="name" autocomplete="name"></label>` +
    `<label>Street and number <input id="street" name="street"></label>` +
    `<div class="pair"><label>Card number <input id="card" name="card" type="tel" inputmode="numeric" autocomplete="cc-number"></label>` +
    `<label>Code <input id="cvc" name="cvc" type="tel" inputmode="numeric"></label></div>` +
    `<label class="check"><input id="terms" type="checkbox"> I accept the terms</label>` +
    `<button id="place" class="primary">Place order</button><p id="failure" role="alert"></p></form><aside>${summary()}</aside></div>`;
  document.querySelector("#order").addEventListener("submit", (event) => {
    event.preventDefault();
    placeOrder();
  });
}

function order() {
  const field = (id) => document.querySelector(`#${id}`).value;
  return {
    email: field("email"),
    name: field("name"),
    street: field("street"),
    card: { number: field("card"), cvc: field("cvc") },
    voucher: getState().voucher?.code ?? null,
    lines: lines().map(({ product, quantity }) => ({ id: product.id, quantity })),
    ...totals(),
  };
}

async function placeOrder() {
  const button = document.querySelector("#place");
  button.textContent = "Placing order…";
  dispatch("checkout/submitted", { total: totals().total });
  const { ok, status, answer } = await request("POST", "api/checkout", order());
  button.textContent = "Place order";
  if (!ok) {
    console.error(`checkout failed: HTTP ${status}`, answer.error);
    dispatch("checkout/failed", { status, error: answer.error?.code });
    document.querySelector("#failure").textContent = "Something went wrong. Please try again.";
  }
  setTimeout(() => showConfirmation(answer), 40);
  if (!ok && getState().checkout.attempts > 1) {
    throw new GatewayError(`payment gateway answered ${status} at attempt ${getState().checkout.attempts}`);
  }
}

function showConfirmation(answer) {
  const total = receiptTotal(answer.order);
  dispatch("checkout/placed", { order: answer.order.number });
  console.info("order placed", answer.order.number);
  document.querySelector("main").innerHTML =
    `<section class="thanks"><h1>Thank you!</h1><p>Your order <strong>${answer.order.number}</strong> over ${total} is on its way.</p>` +
    `<p><a class="button" href="index.html">Back to the lamps</a></p></section>`;
}

function receiptTotal(placed) {
  return money(placed.total);
}

export function startCheckout() {
  document.title = "Checkout · Lumen & Oak";
  show();
}
