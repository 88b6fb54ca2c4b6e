// Catalogue and product page: one document, product pages by pushState.
import { request } from "./api.js";
import { lamp } from "./art.js";
import { dispatch, getState, money } from "./store.js";

const main = () => document.querySelector("main");

function card(product) {
  return (
    `<a class="card" href="?product=${product.id}" data-product="${product.id}">${lamp(product.art)}` +
    `<h3>${product.name}</h3><p class="muted">${product.line}</p><p class="price">${money(product.price)}</p></a>`
  );
}

function showCatalogue() {
  document.title = "Lumen & Oak: lamps for long evenings";
  const { products, sort } = getState();
  const sorted = [...products].sort((a, b) => (sort === "price" ? a.price - b.price : a.name.localeCompare(b.name)));
  main().innerHTML =
    `<section class="hero"><h1>Light for long evenings</h1><p>Hand-turned oak, mouth-blown glass, and a bulb that outlives the cat.</p></section>` +
    `<div class="bar"><h2>All lamps</h2><span class="muted">${products.length} lamps</span>` +
    `<button id="by-name" ${sort === "name" ? "aria-pressed=true" : ""}>By name</button>` +
    `<button id="by-price" ${sort === "price" ? "aria-pressed=true" : ""}>By price</button></div>` +
    `<div class="grid">${sorted.map(card).join("")}</div>`;
  document.querySelector("#by-name").addEventListener("click", () => sortBy("name"));
  document.querySelector("#by-price").addEventListener("click", () => sortBy("price"));
}

function sortBy(by) {
  const started = performance.now();
  // Compares every lamp with every other, in the click handler: the slow interaction of the story.
  let comparisons = 0;
  while (performance.now() - started < 320) {
    comparisons += getState().products.length ** 2;
  }
  console.warn(`sorting took ${Math.round(performance.now() - started)} ms on the main thread`, { by, comparisons });
  dispatch("catalogue/sorted", { by });
  showCatalogue();
}

function showProduct(id) {
  const product = getState().products.find((p) => p.id === id);
  if (!product) return showCatalogue();
  dispatch("product/opened", { id });
  document.title = `${product.name} · Lumen & Oak`;
  main().innerHTML =
    `<nav class="crumbs"><a href="index.html" data-home>All lamps</a> / ${product.name}</nav>` +
    `<article class="product">${lamp(product.art, 420)}<div><h1>${product.name}</h1><p class="muted">${product.line}</p>` +
    `<p>${product.text}</p><p class="price big">${money(product.price)}</p>` +
    `<label>Quantity <select id="quantity"><option>1</option><option>2</option><option>3</option></select></label>` +
    `<button id="add" class="primary">Add to cart</button><p id="added" role="status"></p></div></article>`;
  document.querySelector("#add").addEventListener("click", async () => {
    const quantity = Number(document.querySelector("#quantity").value);
    const { ok } = await request("POST", "api/cart", { id, quantity });
    if (!ok) return;
    dispatch("cart/added", { id, quantity });
    console.log("added to cart", { id, quantity });
    document.querySelector("#added").innerHTML = `Added. <a href="cart.html">Go to cart</a>`;
  });
  scrollTo(0, 0);
}

function route() {
  const id = new URLSearchParams(location.search).get("product");
  if (id) showProduct(id);
  else showCatalogue();
}

function announce() {
  // Comes late and pushes the lamps down: the layout shift of the story.
  const banner = document.createElement("div");
  banner.className = "banner";
  banner.innerHTML = "<strong>Autumn week:</strong> 10 % off with voucher <code>WELCOME10</code>";
  document.querySelector("main").before(banner);
}

export async function startCatalogue() {
  const { answer } = await request("GET", "api/products");
  dispatch("catalogue/loaded", { products: answer.products });
  console.log("catalogue loaded", { products: answer.products.length, currency: "EUR" });
  route();
  setTimeout(announce, 900);
  addEventListener("popstate", route);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-product], [data-home]");
    if (!link) return;
    event.preventDefault();
    history.pushState({}, "", link.getAttribute("href"));
    route();
  });
}
