// One bundle for all pages: the body says which one this is.
import { startCart } from "./cart.js";
import { startCatalogue } from "./catalogue.js";
import { startCheckout } from "./checkout.js";
import { getState, subscribe } from "./store.js";

function showCount() {
  const count = Object.values(getState().cart).reduce((sum, n) => sum + n, 0);
  document.querySelector("#count").textContent = count || "";
}

subscribe(showCount);
showCount();
const pages = { catalogue: startCatalogue, cart: startCart, checkout: startCheckout };
pages[document.body.dataset.page]?.();
