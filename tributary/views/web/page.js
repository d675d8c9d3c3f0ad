// The page of any project. The project's page.js, which follows, defines HINTS, texts for a page without figures, and
// show(figures), which shows the project's figures and returns facts for the table of health.

const SILENCE_MS = 4000;
const SVG = "http://www.w3.org/2000/svg";
const numbers = new Intl.NumberFormat("en");
const percents = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const at = (id) => document.getElementById(id);
const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
const share = (part, whole) => (whole ? percents.format(part / whole) : "–");

// A time beyond the calendar (perhaps an event has microseconds) has no date.
function moment(ms) {
  const date = new Date(ms);
  return Number.isNaN(date.valueOf()) ? `${numbers.format(ms)} ms` : date.toISOString().slice(0, 19).replace("T", " ");
}

// Set a text only where it changed, so that what is selected or read aloud stays.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function make(name, attributes = {}, namespace = null) {
  const element = namespace ? document.createElementNS(namespace, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// Set the rows of a table: `items` are {key, label, cells: [{text, kind}], parts, full, bad}. Rows are kept by key.
function fill(id, items) {
  const body = at(id).tBodies[0];
  const rows = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  items.forEach((item, place) => {
    let row = rows.get(item.key);
    rows.delete(item.key);
    if (!row) {
      row = make("tr", { "data-key": item.key });
      row.append(make("th", { scope: "row" }));
      if (item.parts) {
        const bar = make("td", { class: "bar" });
        bar.append(make("svg", { "aria-hidden": "true" }, SVG));
        row.append(bar);
      }
      for (const cell of item.cells) row.append(make("td", { class: cell.kind || "" }));
    }
    if (body.rows[place] !== row) body.insertBefore(row, body.rows[place] || null);
    say(row.cells[0], item.label);
    row.cells[0].title = item.label;
    row.classList.toggle("bad", Boolean(item.bad));
    if (item.parts) draw(row.querySelector("svg"), item.parts, item.full);
    item.cells.forEach((cell, n) => say(row.cells[n + (item.parts ? 2 : 1)], cell.text));
  });
  for (const row of rows.values()) row.remove();
}

function draw(svg, parts, full) {
  while (svg.children.length < parts.length) svg.append(make("rect", { y: 0 }, SVG));
  let start = 0;
  parts.forEach(([kind, value], n) => {
    const rect = svg.children[n];
    const width = full ? (100 * value) / full : 0;
    rect.setAttribute("class", kind);
    rect.style.x = `${start}%`;
    rect.style.width = `${width}%`;
    start += width;
  });
}

function drawRates(rates) {
  const largest = Math.max(...rates, 1);
  const unit = 10 ** Math.floor(Math.log10(largest));
  const top = [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= largest);
  const y = (rate) => (100 - (100 * rate) / top).toFixed(2);
  const line = rates.map((rate, n) => `${n ? "L" : "M"}${(n * 590) / (rates.length - 1)} ${y(rate)}`).join("");
  at("rate-line").setAttribute("d", line);
  at("rate-area").setAttribute("d", `${line}L590 100L0 100Z`);
  const label = `Now ${numbers.format(Math.round(rates.at(-1)))} events per second, peak ${numbers.format(Math.round(Math.max(...rates)))} in the last minute`;
  at("rate-chart").setAttribute("aria-label", label);
  [top, top / 2, 0].forEach((tick, n) => {
    if (!at("rate-ticks").children[n]) {
      at("rate-ticks").append(make("span"));
      at("rate-grid").append(make("line", { x1: 0, x2: 590, y1: n * 50, y2: n * 50 }, SVG));
    }
    say(at("rate-ticks").children[n], numbers.format(tick));
  });
}

// Show what every project's figures have. `facts` are rows of the project for the table of health: {label, text, bad}.
function showTotals(figures, facts) {
  const dead = sum(figures.dead_letters);
  say(at("events"), numbers.format(figures.events));
  say(at("rate"), numbers.format(Math.round(figures.rate)));
  say(at("dead"), numbers.format(dead));
  at("dead-tile").className = dead ? "bad" : "good";
  drawRates(figures.rates);
  fill("offsets", Object.entries(figures.offsets).flatMap(([topic, partitions]) =>
    Object.entries(partitions).map(([partition, offset]) => ({
      key: `${topic}[${partition}]`,
      label: topic,
      cells: [{ text: partition }, { text: numbers.format(offset) }],
    }))));
  const health = [
    { label: "Dead letters", text: numbers.format(dead), bad: dead > 0 },
    ...Object.entries(figures.dead_letters).map(([topic, n]) => ({ label: `Unreadable in ${topic}`, text: numbers.format(n), bad: true })),
    ...facts,
    { label: "Latest event (UTC)", text: figures.watermark_ms === null ? "–" : moment(figures.watermark_ms) },
    { label: "Age of the figures", text: `${Math.round(figures.age_s)} s` },
  ];
  fill("health", health.map(({ label, text, bad }) => ({ key: label, label, bad, cells: [{ text }] })));
}

function notice(figures) {
  const hint = !figures.store ? [HINTS.noStore] : !figures.events ? [HINTS.noEvents] : [];
  const alarms = (figures.members || []).flatMap(({ client_id, waiting_for, refused }) => [
    ...Object.entries(refused).map(([topic, why]) => `${client_id} does not read ${topic} any more: ${why}`),
    ...(waiting_for ? [`${client_id} is waiting for ${waiting_for}`] : []),
  ]);
  say(at("notice"), [...alarms, ...hint].join("\n"));
  at("notice").className = alarms.length ? "alarm" : "";
  at("notice").hidden = !alarms.length && !hint.length;
}

function state(kind, text) {
  at("state").className = kind;
  say(at("state-text"), text);
}

let heard = 0;
function hear(text) {
  heard = Date.now();
  state("live", "Live");
  const figures = JSON.parse(text);
  notice(figures);
  if (figures.store) showTotals(figures, show(figures));
}

// The browser reconnects a stream that broke, except after some errors, and a proxy may hold one back for ever.
// Whatever the reason: when the stream is silent for a while, the figures are fetched.
const connect = () => {
  const stream = new EventSource("api/stream");
  stream.onmessage = (message) => hear(message.data);
  return stream;
};
let stream = connect();
setInterval(async () => {
  if (Date.now() - heard < SILENCE_MS) return;
  if (stream.readyState === EventSource.CLOSED) stream = connect();
  try {
    const answer = await fetch("api/figures", { signal: AbortSignal.timeout(SILENCE_MS) });
    if (answer.ok) hear(await answer.text());
  } catch {
    state("lost", "No connection, trying again");
  }
}, SILENCE_MS / 2);
