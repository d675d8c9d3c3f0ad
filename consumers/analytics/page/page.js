// The shop's figures on the page; the functions used here are those of tributary/views/web/page.js.

const TYPES = {
  view: "Views",
  add_to_cart: "Added to cart",
  remove_from_cart: "Removed",
  purchase: "Purchases",
  other_cart_change: "Other changes",
};
const HINTS = {
  noStore: "There is no store yet. Run make analytics to fill one; this page will notice.",
  noEvents: "Nothing is counted yet. Run make produce to send events.",
};

function show(figures) {
  const { sessions, abandoned_carts: carts } = figures;
  say(at("conversion"), share(sessions.purchased, sessions.count));
  say(at("orders"), numbers.format(figures.orders));
  say(at("carts"), numbers.format(carts.count));
  bars("types", figures.by_type, TYPES, figures.events);
  say(at("sessions"), `${numbers.format(sessions.count)} sessions`);
  const steps = { viewed: sessions.viewed, carted: sessions.carted, purchased: sessions.purchased };
  bars("funnel", steps, { viewed: "Viewed", carted: "Carted", purchased: "Purchased" }, sessions.count);
  activity("segments", figures.by_segment);
  activity("regions", figures.by_region);
  const currencies = [...new Set([...Object.keys(figures.revenue), ...Object.keys(carts.value)])].sort();
  fill("money", currencies.map((currency) => ({
    key: currency,
    label: currency,
    cells: [{ text: figures.revenue[currency] || "–" }, { text: carts.value[currency] || "–" }],
  })));
  fill("products", figures.products.map((product) => ({
    key: product.id,
    label: product.name,
    cells: Object.keys(TYPES).slice(0, 4).map((type) => ({
      text: numbers.format(product.by_type[type] || 0),
      kind: type.endsWith("cart") ? "spare" : "",
    })),
  })));
  return [{ label: "Duplicate purchases", text: numbers.format(figures.duplicate_purchases) }];
}

function bars(id, counts, labels, whole) {
  const full = Math.max(...Object.values(counts), 0);
  fill(id, Object.entries(counts).map(([name, count]) => ({
    key: name,
    label: labels[name] || name,
    parts: [[name in TYPES ? name : "view", count]],
    full,
    cells: [{ text: numbers.format(count) }, { text: share(count, whole), kind: "share" }],
  })));
}

function activity(id, groups) {
  const sorted = Object.entries(groups).sort(([a, n], [b, m]) => sum(m) - sum(n) || (a < b ? -1 : 1));
  const full = Math.max(...sorted.map(([, counts]) => sum(counts)), 0);
  fill(id, sorted.map(([name, counts]) => ({
    key: name,
    label: name,
    parts: Object.keys(TYPES).map((type) => [type, counts[type] || 0]),
    full,
    cells: [{ text: numbers.format(sum(counts)) }],
  })));
}

for (const legend of document.querySelectorAll(".legend")) {
  for (const [type, label] of Object.entries(TYPES).slice(0, 4)) {
    const item = make("li");
    item.append(make("i", { class: type }), label);
    legend.append(item);
  }
}
