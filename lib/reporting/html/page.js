"use strict";
// Draws the page from its data (lib/reporting/charts.py says what is in them). Texts are set as text, never as HTML.

const page = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const DASHES = { dashed: "7 4", dotted: "2 3" };
const SHAPES = { // around 0, for a radius of 1
  s: "M-.9-.9H.9V.9H-.9Z", "^": "M0-1.1L1.05.8H-1.05Z", v: "M0 1.1L1.05-.8H-1.05Z", D: "M0-1.2L1.2 0L0 1.2L-1.2 0Z",
  X: "M-1-.5L-.5-1L0-.5L.5-1L1-.5L.5 0L1 .5L.5 1L0 .5L-.5 1L-1 .5L-.5 0Z",
  P: "M-.4-1.1H.4V-.4H1.1V.4H.4V1.1H-.4V.4H-1.1V-.4H-.4Z",
};
const LONG = 40; // rows from which a table scrolls by itself
let ids = 0;

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "colour") node.style.setProperty("--c", value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const element = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const shape = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const unique = (name) => `${name}-${++ids}`;
const signs = (value) => (value === null ? "" : (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(3)).replace("-", "−"));
const withEnds = (value, ends) => (ends && ends[0] !== null ? `${signs(value)} (${signs(ends[0])} to ${signs(ends[1])})` : signs(value));

function tableOf(columns, rows, name, kind = "wide") {
  const numeric = (cell) => /^[−+]?\d[\d.]*( \(.*\)| to [−+]?\d[\d.]*)?$/.test(cell);
  const minus = (cell) => cell.replace(/(?<![\w.])-(?=\d)/g, "−");
  const body = rows.map((row) => element("tr", {}, ...row.map(minus).map((cell, i) => element(
    "td", { "data-column": columns[i], class: numeric(cell) ? "number" : null }, cell))));
  const head = element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name)));
  const table = element("table", { class: kind, "aria-label": name }, element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { class: rows.length > LONG ? "scroll long" : "scroll", tabindex: 0, role: "region", "aria-label": `${name}, which may be scrolled` }, table);
}

// Axes: a transformation, its range and its ticks.

function scaleOf(values, from, to, kind) {
  const change = kind === "sqrt" ? (value) => Math.sqrt(Math.max(value, 0)) : (value) => value;
  let low = kind === "sqrt" ? 0 : Math.min(...values), high = Math.max(...values);
  if (!(high > low)) { low -= 0.5; high += 0.5; }
  const room = kind === "sqrt" ? 0 : (high - low) * 0.05;
  const [first, last] = [change(low - room), change(high + (high - low) * 0.05)];
  const at = (value) => from + ((change(value) - first) / (last - first)) * (to - from);
  const wanted = Math.max(2, Math.min(7, Math.round(Math.abs(to - from) / (to < from ? 45 : 80))));
  const ticks = [];
  if (kind === "sqrt") {
    for (const tick of [0, 1, 5, 10, 20, 40, 80, 160, 320]) if (tick <= high * 1.1) ticks.push(tick);
  } else {
    const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
    for (let i = Math.ceil((low - room) / step); i * step <= high + room; i++) ticks.push(Number((i * step).toPrecision(10)));
  }
  return { at, ticks };
}

function markOf(marker, x, y, size) {
  if (marker === "o") return shape("circle", { class: "fill", cx: x, cy: y, r: size });
  return shape("path", { class: "fill", d: SHAPES[marker], transform: `translate(${x} ${y}) scale(${size})` });
}

const pathOf = (points, h, v) => `M${points.map(([a, b]) => `${h.at(a).toFixed(1)} ${v.at(b).toFixed(1)}`).join("L")}`;

function worse(one, other) {
  return other.x >= one.x && other.y >= one.y && (other.x > one.x || other.y > one.y);
}

class Chart {
  constructor(data, tab) {
    this.data = data;
    this.tab = tab;
    this.hidden = new Set(data.series.filter((line) => line.shown === false).map((line) => line.name));
    this.title = unique("title");
    this.svg = shape("svg", { class: "chart", role: "img", "aria-labelledby": this.title });
    const note = data.note ? element("p", { class: "note" }, data.note) : null;
    this.node = element("figure", {}, element("h2", { id: this.title }, data.title), note, this.legend(), this.svg, this.numbers());
  }

  legend() {
    const entries = this.data.series.map((line) => {
      const box = element("input", { type: "checkbox", onchange: () => this.toggle(line.name, box.checked) });
      box.checked = !this.hidden.has(line.name);
      const swatch = shape("svg", { "aria-hidden": "true", viewBox: "0 0 30 16" });
      if (line.line) swatch.append(shape("path", { class: "ink", colour: line.colour, d: "M0 8H30", "stroke-width": 2, "stroke-dasharray": DASHES[line.line] }));
      if (line.marker) swatch.append(fill(markOf(line.marker, 15, 8, 5), { colour: line.colour }, []));
      return element("label", {}, box, swatch, line.name);
    });
    return element("fieldset", { class: "legend", "aria-label": `What is shown: ${this.data.title}` }, ...entries);
  }

  toggle(name, shown) {
    if (shown) this.hidden.delete(name); else this.hidden.add(name);
    this.draw(this.width);
  }

  numbers() {
    const { x, y } = this.data;
    const rows = [];
    for (const line of this.data.series) {
      for (const point of line.points) {
        rows.push([line.name, point.name, withEnds(point.x, point.xs), ...(y.categories ? [] : [withEnds(point.y, point.ys)]),
          (point.seeds || []).map((pair) => (y.categories ? signs(pair[0]) : `${signs(pair[0])}, ${signs(pair[1])}`)).join("; ")]);
      }
    }
    const columns = ["method", "point", x.label, ...(y.categories ? [] : [y.label]), "each seed"];
    const keep = columns.map((_, i) => rows.some((row) => row[i] !== ""));
    const only = (row) => row.filter((_, i) => keep[i]);
    return element("details", {}, element("summary", {}, "The numbers"), tableOf(only(columns), rows.map(only), this.data.title));
  }

  extent(shown, axis) {
    const values = [];
    for (const line of shown) {
      for (const point of line.points) {
        values.push(point[axis], ...(point[`${axis}s`] || []), ...(point.seeds || []).map((pair) => pair[axis === "x" ? 0 : 1]));
      }
      for (const thin of line.thin || []) for (const pair of thin) values.push(pair[axis === "x" ? 0 : 1]);
    }
    for (const other of [...(this.data.marked || []), ...(this.data.lines || [])]) values.push(other[axis]);
    return values.filter((value) => Number.isFinite(value));
  }

  draw(width) {
    this.width = width;
    const { x, y } = this.data, categories = y.categories;
    const height = categories ? 90 + 52 * categories.length : this.data.height || Math.round(Math.min(520, Math.max(320, width * 0.72)));
    const box = { left: categories ? 14 : 52, right: width - 14, top: categories ? 6 : 44, bottom: height - 54 };
    const shown = this.data.series.filter((line) => !this.hidden.has(line.name));
    const h = scaleOf(this.extent(shown, "x"), box.left, box.right, x.scale);
    const v = categories
      ? { at: (value) => box.top + ((value + 0.65) / categories.length) * (box.bottom - box.top), ticks: [] }
      : scaleOf(this.extent(shown, "y"), box.bottom, box.top);
    this.svg.replaceChildren();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.frame(box, h, v, width, height);
    const everything = shown.flatMap((line) => line.points);
    const thin = shown.flatMap((line) => (line.thin || []).map((points) => [line, points]));
    const faint = Math.max(0.12, Math.min(0.5, 6 / thin.length));
    for (const [line, points] of thin) this.svg.append(shape("path", { class: "ink", colour: line.colour, d: pathOf(points, h, v), "stroke-opacity": faint }));
    for (const line of shown) this.series(line, h, v, everything, width);
    for (const point of this.data.marked || []) {
      const [a, b] = [h.at(point.x), v.at(point.y)], left = a > width - 150, low = b > box.bottom - 18;
      this.svg.append(shape("path", { class: "axis", "stroke-width": 2, d: `M${a - 6} ${b}H${a + 6}M${a} ${b - 6}V${b + 6}` }),
        shape("text", { class: "hint", x: left ? a - 9 : a + 9, y: low ? b - 7 : b + 14, "text-anchor": left ? "end" : "start" }, point.name));
    }
    this.ring(h, v);
  }

  frame(box, h, v, width, height) {
    const { x, y } = this.data, add = (tag, attributes, ...children) => this.svg.append(shape(tag, attributes, ...children));
    for (const tick of h.ticks) {
      add("line", { class: "grid", x1: h.at(tick), x2: h.at(tick), y1: box.top, y2: box.bottom });
      add("text", { x: h.at(tick), y: box.bottom + 16, "text-anchor": "middle" }, `${tick}`.replace("-", "−"));
    }
    for (const tick of v.ticks) {
      add("line", { class: "grid", x1: box.left, x2: box.right, y1: v.at(tick), y2: v.at(tick) });
      add("text", { x: box.left - 6, y: v.at(tick) + 4, "text-anchor": "end" }, `${tick}`.replace("-", "−"));
    }
    add("path", { class: "axis", fill: "none", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` });
    add("text", { x: (box.left + box.right) / 2, y: height - 20, "text-anchor": "middle" }, x.label);
    if (x.better) add("text", { class: "hint", x: (box.left + box.right) / 2, y: height - 5, "text-anchor": "middle" }, `${x.better.startsWith("smaller") ? "←" : "→"} ${x.better}`);
    if (y.label) add("text", { x: 4, y: 14 }, y.label);
    if (y.better) add("text", { class: "hint", x: 4, y: 30 }, `${y.better.startsWith("smaller") ? "↓" : "↑"} ${y.better}`);
    for (const line of this.data.lines || []) {
      add("line", { class: "rule", x1: h.at(line.x), x2: h.at(line.x), y1: box.top, y2: box.bottom });
    }
    (y.categories || []).forEach((name, i) => add("text", { x: box.left + 5, y: v.at(i) - 16 }, name));
  }

  series(line, h, v, everything, width) {
    const group = shape("g", { colour: line.colour });
    if (line.line) {
      group.append(shape("path", { class: "ink", d: pathOf(line.points.map((point) => [point.x, point.y]), h, v), "stroke-width": line.marker ? 1.3 : 2.2, "stroke-dasharray": DASHES[line.line] }));
    }
    if (line.marker) for (const point of line.points) group.append(this.point(line, point, h, v, everything, width));
    this.svg.append(group);
  }

  point(line, point, h, v, everything, width) {
    const [a, b] = [h.at(point.x), v.at(point.y)];
    const dominated = this.data.front && everything.some((other) => worse(point, other));
    const known = point.key && this.tab.details && this.tab.details[point.key];
    const group = shape("g", { class: [dominated ? "dominated" : "", known ? "choice" : ""].join(" ").trim() || null, "data-key": point.key,
      onclick: known ? () => this.tab.choose(point.key) : () => {} });
    const numbers = this.data.y.categories ? withEnds(point.x, point.xs) : `${withEnds(point.x, point.xs)}, ${withEnds(point.y, point.ys)}`;
    group.append(shape("title", {}, `${line.name}, ${point.name}: ${numbers}`));
    for (const pair of point.seeds || []) group.append(fill(markOf(line.marker, h.at(pair[0]), v.at(pair[1]), 2.8), { class: "fill light" }, []));
    if (point.xs) group.append(shape("path", { class: "ink", d: `M${h.at(point.xs[0])} ${b}H${h.at(point.xs[1])}` }));
    if (point.ys) group.append(shape("path", { class: "ink", d: `M${a} ${v.at(point.ys[0])}V${v.at(point.ys[1])}` }));
    group.append(markOf(line.marker, a, b, point.small ? 2.5 : 5));
    const right = a > width - 55;
    if (point.tag) group.append(shape("text", { x: right ? width - 2 : a + 11, y: b - 10, "text-anchor": right ? "end" : "start" }, point.tag));
    return group;
  }

  ring(h, v) {
    for (const line of this.data.series) {
      const point = line.points.find((one) => one.key && one.key === this.tab.chosen);
      if (point) this.svg.append(shape("circle", { class: "ring", cx: h.at(point.x), cy: v.at(point.y), r: 10 }));
    }
  }
}

// Frames of a robot side by side: of each of its parts x and z of both ends, and the radius, in metres.

function strip(frames) {
  if (!frames) return null;
  const apart = 1.7, width = apart * frames.length;
  const ground = shape("line", { class: "ground", x2: width });
  const parts = frames.flatMap((parts, i) => parts.map(([x, z, toX, toZ, radius]) => shape("line", {
    x1: x + apart * (i + 0.5), y1: -z, x2: toX + apart * (i + 0.5), y2: -toZ, "stroke-width": 2 * radius })));
  return shape("svg", { class: "strip", viewBox: `0 -1.3 ${width} 1.4`, role: "img", "aria-label": `${frames.length} frames of the robot` }, ground, ...parts);
}

// The choice of a point: a slider, a triangle, a list; and what is known of it.

class Chooser {
  constructor(data, tab) {
    this.data = data;
    this.tab = tab;
    const slider = unique("slider"), list = unique("list");
    this.range = element("input", { type: "range", id: slider, min: 0, max: data.steps.length - 1, step: 1,
      oninput: () => tab.choose(data.steps[this.range.value].key) });
    this.list = element("select", { id: list, onchange: () => tab.choose(this.list.value) },
      ...Object.entries(data.points).map(([key, point]) => element("option", { value: key }, point.title)));
    this.at = element("output", { for: slider });
    this.radios = [];
    const controls = element("div", { class: "controls" },
      element("div", {}, element("label", { for: slider }, `${data.label}: `), this.at, this.range,
        element("label", { for: list }, "Any policy: "), this.list),
      data.triangle ? this.triangle(data.triangle) : null);
    this.said = element("p", { class: "said", "aria-live": "polite" });
    this.told = element("div");
    this.node = element("section", { class: "chooser", "aria-label": "The chosen policy" }, controls, this.said, this.told);
  }

  triangle({ label, corners, points }) {
    const places = [[20, 186], [220, 186], [120, 22]];
    const svg = shape("svg", { class: "triangle", viewBox: "-10 0 260 215", role: "radiogroup", "aria-label": label });
    svg.append(shape("path", { class: "axis", fill: "none", d: `M${places.map((place) => place.join(" ")).join("L")}Z` }));
    corners.forEach((name, i) => svg.append(shape("text", { x: places[i][0], y: places[i][1] + (i === 2 ? -11 : 24), "text-anchor": "middle", "aria-hidden": "true" }, name)));
    this.radios = points.map((point) => {
      const at = [0, 1].map((axis) => point.weights.reduce((sum, weight, i) => sum + weight * places[i][axis], 0));
      const radio = { key: point.key, at };
      radio.node = shape("g", { role: "radio", tabindex: -1, "aria-checked": "false", "aria-label": this.data.points[point.key].title,
        onclick: () => this.tab.choose(point.key), onkeydown: (event) => this.move(event, radio) },
        shape("circle", { cx: at[0], cy: at[1], r: 7 }));
      svg.append(radio.node);
      return radio;
    });
    return element("div", {}, element("p", { class: "note" }, `${label}: click, or move with the arrow keys.`), svg);
  }

  move(event, from) {
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const chosen = event.key === " " || event.key === "Enter" ? from : null;
    if (!step && !chosen) return;
    event.preventDefault();
    const cost = (other) => {
      const [a, b] = [other.at[0] - from.at[0], other.at[1] - from.at[1]], ahead = a * step[0] + b * step[1];
      return ahead > 1 ? Math.hypot(a, b) + 2 * Math.abs(a * step[1] - b * step[0]) : Infinity;
    };
    const next = chosen || this.radios.reduce((best, other) => (cost(other) < cost(best) ? other : best), from);
    this.tab.choose(next.key);
    next.node.focus();
  }

  show(key) {
    const { data } = this, point = data.points[key], index = data.steps.findIndex((step) => step.key === key);
    if (index >= 0) this.range.value = index;
    this.at.textContent = index >= 0 ? data.steps[index].value : "not on the line";
    this.range.setAttribute("aria-valuetext", this.at.textContent);
    this.list.value = key;
    const inside = this.radios.some((radio) => radio.key === key);
    this.radios.forEach((radio, i) => {
      radio.node.setAttribute("aria-checked", String(radio.key === key));
      radio.node.setAttribute("tabindex", radio.key === key || (!inside && i === 0) ? 0 : -1);
    });
    const short = data.columns.map((column, i) => `${column.name} ${signs(point.values[i].mean)}`).slice(0, 5).join(", ");
    this.said.textContent = `${point.title}: ${short}`;
    this.told.replaceChildren(this.values(point), ...this.command(point), ...this.texts(key, point));
  }

  values(point) {
    const { columns, seeds } = this.data;
    const names = ["held-out prompts", "mean", "95 % interval", ...(seeds.length > 1 ? seeds.map((seed) => `seed ${seed}`) : [])];
    const rows = columns.map((column, i) => {
      const { mean, ends, seeds: each } = point.values[i];
      const name = [column.name, column.unit && `(${column.unit})`, column.better && `– ${column.better}`].filter(Boolean).join(" ");
      const interval = ends[0] === null ? "" : `${signs(ends[0])} to ${signs(ends[1])}`;
      return [name, signs(mean), interval, ...(seeds.length > 1 ? each.map(signs) : [])];
    });
    return tableOf(names, rows, `${point.title}, on held-out prompts`, "narrow");
  }

  command(point) {
    const found = [];
    if (point.target) {
      const command = `${page.command}${point.target}`;
      const done = element("span", { role: "status" });
      const copy = element("button", { type: "button", onclick: async () => {
        try { await navigator.clipboard.writeText(command); done.textContent = " copied"; }
        catch { getSelection().selectAllChildren(shown); done.textContent = " selected: copy it with your keys"; }
      } }, "Copy the command");
      const shown = element("pre", { tabindex: 0, "aria-label": "the command" }, command);
      found.push(element("h3", {}, "This policy as a model"), shown, copy, done);
    }
    if (point.near) {
      found.push(element("p", {}, "The MORL policy with the nearest rewards: ",
        element("button", { type: "button", onclick: () => { this.tab.choose(point.near.key); this.list.focus(); } }, point.near.name)));
    }
    return found;
  }

  texts(key, point) {
    const { prompts, beside, points } = this.data;
    if (!prompts.length) return [];
    const robot = point.frames || Object.values(points).some((other) => other.frames);
    const heading = element("h3", {}, robot ? "How it moves from held-out starts, every tenth of a second" : "What it writes to held-out prompts");
    const others = beside.filter((other) => other !== key);
    return [heading, ...prompts.map((prompt, i) => element("div", {}, element("h4", {}, `${prompt} …`), element("dl", {},
      ...[key, ...others].flatMap((one) => [element("dt", {}, points[one].title),
        element("dd", {}, points[one].texts.length ? points[one].texts[i] || "(nothing)" : "no sample was kept", strip((points[one].frames || [])[i]))]))))];
  }
}

class Tab {
  constructor(data) {
    this.data = data;
    const chooser = data.blocks.find((block) => block.kind === "chooser");
    this.details = chooser && chooser.points;
    this.chosen = chooser && chooser.begin;
    this.charts = [];
    const id = unique("panel");
    this.button = element("button", { type: "button", role: "tab", id: `${id}-tab`, "aria-controls": id }, data.title);
    this.panel = element("div", { role: "tabpanel", id, "aria-labelledby": `${id}-tab` }, ...data.blocks.map((block) => this.block(block)));
  }

  block(data) {
    if (data.kind === "text") return element("p", {}, data.text);
    if (data.kind === "table") return element("section", {}, element("h2", {}, data.title), tableOf(data.columns, data.rows, data.title));
    if (data.kind === "chooser") return (this.chooser = new Chooser(data, this)).node;
    const chart = new Chart(data, this);
    this.charts.push(chart);
    return chart.node;
  }

  choose(key) {
    this.chosen = key;
    this.chooser.show(key);
    for (const chart of this.charts) chart.draw(chart.width);
  }

  draw(width) {
    for (const chart of this.charts) chart.draw(width);
  }
}

function start() {
  const main = document.getElementById("page");
  const tabs = page.tabs.map((data) => new Tab(data));
  const select = (chosen) => {
    for (const tab of tabs) {
      tab.button.setAttribute("aria-selected", String(tab === chosen));
      tab.button.tabIndex = tab === chosen ? 0 : -1;
      tab.panel.hidden = tab !== chosen;
    }
  };
  tabs.forEach((tab, i) => {
    tab.button.addEventListener("click", () => select(tab));
    tab.button.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = tabs[(to + tabs.length) % tabs.length];
      select(next);
      next.button.focus();
    });
  });
  main.append(element("div", { role: "tablist", "aria-label": "Parts of the page" }, ...tabs.map((tab) => tab.button)), ...tabs.map((tab) => tab.panel));
  for (const tab of tabs) if (tab.chooser) tab.chooser.show(tab.chosen);
  let width = 0;
  const draw = () => {
    if (Math.abs(main.clientWidth - width) < 2) return;
    width = main.clientWidth;
    for (const tab of tabs) tab.draw(width);
  };
  draw();
  select(tabs[0]);
  new ResizeObserver(draw).observe(main);
}

start();
