// The shop's state: one object, changed by named actions, kept in the tab's storage between pages.
const KEY = "lumen-oak";

const reducers = {
  "catalogue/loaded": (state, { products }) => ({ ...state, products }),
  "catalogue/sorted": (state, { by }) => ({ ...state, sort: by }),
  "product/opened": (state, { id }) => ({ ...state, product: id }),
  "cart/added": (state, { id, quantity }) => ({
    ...state,
    cart: { ...state.cart, [id]: (state.cart[id] || 0) + quantity },
  }),
  "cart/quantity": (state, { id, quantity }) => ({ ...state, cart: { ...state.cart, [id]: quantity } }),
  "voucher/applied": (state, { code, percent }) => ({ ...state, voucher: { code, percent } }),
  "voucher/refused": (state) => ({ ...state, voucher: null }),
  "checkout/submitted": (state) => ({ ...state, checkout: { ...state.checkout, status: "pending", attempts: state.checkout.attempts + 1 } }),
  "checkout/failed": (state, { status, error }) => ({ ...state, checkout: { ...state.checkout, status: "failed", http: status, error } }),
  "checkout/placed": (state, { order }) => ({ ...state, cart: {}, voucher: null, checkout: { status: "placed", attempts: 0, order } }),
};

const initial = { products: [], sort: "name", product: null, cart: {}, voucher: null, checkout: { status: "idle", attempts: 0 } };
let state = initial;
try {
  state = { ...initial, ...JSON.parse(sessionStorage.getItem(KEY) || "{}") };
} catch {
  // a damaged or forbidden storage is an empty one
}
const listeners = new Set();

export const getState = () => state;

export const subscribe = (listener) => listeners.add(listener);

export function dispatch(action, payload = {}) {
  state = reducers[action](state, payload);
  sessionStorage.setItem(KEY, JSON.stringify(state));
  const { products, ...rest } = state;
  window.shopRecorder?.state(action, action === "catalogue/loaded" ? { count: products.length } : payload, {
    ...rest,
    products: products.length,
  });
  for (const listener of listeners) listener(state);
}

export const lines = () =>
  Object.entries(state.cart)
    .filter(([, quantity]) => quantity > 0)
    .map(([id, quantity]) => ({ product: state.products.find((p) => p.id === id), quantity }))
    .filter((line) => line.product);

export function totals() {
  const goods = lines().reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
  const discount = state.voucher ? Math.round((goods * state.voucher.percent) / 100) : 0;
  const delivery = goods === 0 || goods - discount >= 15000 ? 0 : 690;
  return { goods, discount, delivery, total: goods - discount + delivery };
}

export const money = (cents) => `€ ${(cents / 100).toFixed(2)}`;
