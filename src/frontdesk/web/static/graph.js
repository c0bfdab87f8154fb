// State machines on pages: their picture (pan, zoom, keys), one state of it, what goes on, definitions that are judged.
import { copy, listen, part } from "./fd.js";

const MARGIN = 12;
const SMALLEST = 0.7;
const LARGEST = 2.5;
const PACE = 500;

const states = (within) => [...within.querySelectorAll("a[data-state]")];
const middle = (node) => {
  const box = node.getBBox();
  return [box.x + box.width / 2, box.y + box.height / 2];
};

// <fd-graph><svg class="graph">…</svg></fd-graph>: arrows go from state to state, Enter or a click looks at one.
// Without scripts the picture stands still, and its states are links all the same.
customElements.define("fd-graph", class extends HTMLElement {
  connectedCallback() {
    this.svg = this.querySelector("svg");
    if (!this.svg || this.hasAttribute("ready")) return;
    const { width, height } = this.svg;
    this.whole = { width: width.baseVal.value + 2 * MARGIN, height: height.baseVal.value + 2 * MARGIN };
    this.setAttribute("ready", "");
    const tools = document.createElement("div");
    tools.className = "row";
    for (const [sign, name, act] of [
      ["+", "Larger", () => this.zoom(1.25)],
      ["−", "Smaller", () => this.zoom(0.8)],
      ["⤢", "All of it", () => this.fit(true)],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.textContent = sign;
      button.setAttribute("aria-label", name);
      button.addEventListener("click", act);
      tools.append(button);
    }
    this.append(tools);
    this.rove(states(this).find((node) => node.hasAttribute("aria-current")) ?? states(this)[0]);
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("focusin", (event) => { if (event.target.matches("a[data-state]")) this.rove(event.target); });
    this.svg.addEventListener("pointerdown", (event) => this.grab(event));
    this.svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.1 : 0.9, event);
    }, { passive: false });
    new ResizeObserver(() => this.fit(false)).observe(this);
  }

  /** Show all of it where its words can still be read, else its beginning; all: as small as it takes to show all. */
  fit(all) {
    const wide = this.clientWidth;
    if (!wide) return;
    const most = matchMedia("(max-width: 800px)").matches ? Infinity : Math.max(420, innerHeight - 240);
    const whole = Math.min(1, wide / this.whole.width, most / this.whole.height);
    this.scale = all ? whole : Math.max(SMALLEST, whole);
    const tall = Math.min(most, this.whole.height * this.scale);
    this.size = { width: wide, height: Math.ceil(tall) };
    this.svg.setAttribute("width", this.size.width);
    this.svg.setAttribute("height", this.size.height);
    this.x = (this.whole.width - wide / this.scale) / 2;
    this.y = 0;
    const active = this.querySelector(".running, .retrying, .waiting, [aria-current]");
    if (active && !all) this.reveal(active);
    this.draw();
  }

  draw() {
    const { width, height } = this.size;
    this.svg.setAttribute("viewBox", [this.x - MARGIN, this.y - MARGIN, width / this.scale, height / this.scale].join(" "));
  }

  /** Move so that a state is seen. */
  reveal(node) {
    const [x, y] = middle(node);
    const wide = this.size.width / this.scale;
    const tall = this.size.height / this.scale;
    if (x < this.x + 40 || x > this.x + wide - 40) this.x = x - wide / 2;
    if (y < this.y + 40 || y > this.y + tall - 60) this.y = Math.max(0, Math.min(y - tall / 2, this.whole.height - tall));
  }

  zoom(by, at) {
    const scale = Math.min(LARGEST, Math.max(0.15, this.scale * by));
    const box = this.svg.getBoundingClientRect();
    const across = at ? at.clientX - box.left : box.width / 2;
    const down = at ? at.clientY - box.top : box.height / 2;
    this.x += across / this.scale - across / scale;
    this.y += down / this.scale - down / scale;
    this.scale = scale;
    this.draw();
  }

  grab(begin) {
    if (begin.button) return;
    let [x, y, moved] = [begin.clientX, begin.clientY, 0];
    const move = (event) => {
      moved += Math.abs(event.clientX - x) + Math.abs(event.clientY - y);
      if (moved > 4) this.setAttribute("dragging", "");
      this.x -= (event.clientX - x) / this.scale;
      this.y -= (event.clientY - y) / this.scale;
      [x, y] = [event.clientX, event.clientY];
      this.draw();
    };
    const drop = () => {
      removeEventListener("pointermove", move);
      this.removeAttribute("dragging");
      if (moved <= 4) return;
      const stop = (event) => { event.preventDefault(); event.stopPropagation(); };
      addEventListener("click", stop, { capture: true, once: true });
      setTimeout(() => removeEventListener("click", stop, { capture: true }), 0);
    };
    addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, drop, { once: true });
  }

  /** Only one state at a time is a stop of the Tab key. */
  rove(to) {
    for (const node of states(this)) node.setAttribute("tabindex", node === to ? 0 : -1);
  }

  key(event) {
    const way = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (!way || !event.target.matches("a[data-state]")) return;
    event.preventDefault();
    const [x, y] = middle(event.target);
    let best;
    for (const node of states(this)) {
      const [dx, dy] = middle(node).map((place, at) => place - [x, y][at]);
      const along = dx * way[0] + dy * way[1];
      const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (node !== event.target && along > 4 && (!best || along + 2 * aside < best.far)) best = { node, far: along + 2 * aside };
    }
    if (!best) return;
    best.node.focus({ preventScroll: true });
    this.reveal(best.node);
    this.draw();
  }

  /** Take colours and words of a fresh picture of the same machine; nothing moves. */
  recolour(fresh) {
    const known = new Map(states(this).map((node) => [node.dataset.state, node]));
    for (const node of states(fresh)) {
      const old = known.get(node.dataset.state);
      if (!old) continue;
      old.setAttribute("class", node.getAttribute("class"));
      for (const each of ["title", ".sign", ".counts", ".time"]) {
        const text = old.querySelector(each);
        if (text) text.textContent = node.querySelector(each).textContent;
      }
    }
  }
});

// An execution: its parts are fetched again when it goes on, or when another state is looked at.
const head = () => document.querySelector("[data-execution]");
const told = new Map();

function mark() {
  const state = document.querySelector("[data-shown]")?.dataset.shown;
  for (const node of document.querySelectorAll("fd-graph a[data-state]")) node.toggleAttribute("aria-current", node.dataset.state === state);
}

async function look() {
  const fresh = await part(location.href);
  for (const each of fresh.querySelectorAll("[data-part]")) {
    const old = document.querySelector(`main [data-part="${each.dataset.part}"]`);
    const said = each.innerHTML;
    if (!old || told.get(each.dataset.part) === said) continue;
    told.set(each.dataset.part, said);
    const graph = old.querySelector("fd-graph");
    if (graph) graph.recolour(each);
    else old.replaceWith(each);
  }
  mark();
}

let due = 0;
let looking = false;
async function lookSoon() {
  if (looking) { due = 1; return; }
  looking = true;
  const began = performance.now();
  try { await look(); } catch { /* the gateway is away: the next news brings it */ }
  const wait = Math.max(PACE, 2 * (performance.now() - began));
  setTimeout(() => { looking = false; if (due) { due = 0; lookSoon(); } }, wait);
}

if (head()) {
  for (const each of document.querySelectorAll("main [data-part]")) told.set(each.dataset.part, each.innerHTML);
  listen(["execution"], (_topic, { items, dropped }) => {
    const arn = head()?.dataset.execution;
    if (dropped || items.some((item) => item.arn === arn)) lookSoon();
  });
  // One that another gateway drives tells nothing here.
  setInterval(() => { if (head()?.dataset.status === "RUNNING" && !document.hidden) lookSoon(); }, 5000);
}
mark();

document.addEventListener("click", async (event) => {
  const copied = event.target.closest("[data-copy]");
  if (copied) {
    await copy(document.getElementById(copied.dataset.copy).querySelector("pre").textContent);
    return;
  }
  const link = event.target.closest('a[href^="?state="]');
  if (!link || !document.querySelector("[data-part=step]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const query = new URLSearchParams(link.getAttribute("href"));
  const now = new URLSearchParams(location.search);
  if (!query.has("tab") && now.has("tab")) query.set("tab", now.get("tab"));
  history.replaceState(null, "", `?${query}`);
  await look();
});

// A definition that was judged: <form data-judges>, <div data-judged>.
document.addEventListener("told", (event) => {
  if (!event.target.matches("[data-judges]")) return;
  const { result, diagnostics } = event.detail;
  const note = (kind, text, small) => {
    const line = document.createElement("p");
    line.className = `notice ${kind}`;
    line.textContent = text;
    if (small) line.append(document.createElement("br"), Object.assign(document.createElement("small"), { textContent: small }));
    return line;
  };
  const area = event.target.elements.definition;
  const found = diagnostics.map((each) => {
    const line = note(each.severity === "ERROR" ? "bad" : "warn", `${each.line}:${each.column} ${each.code}: ${each.message}`, [each.location, each.hint].filter(Boolean).join(" — "));
    line.tabIndex = 0;
    line.addEventListener("click", () => {
      const before = area.value.split("\n").slice(0, each.line - 1).join("\n").length;
      const at = before + (each.line > 1 ? 1 : 0) + each.column - 1;
      area.focus();
      area.setSelectionRange(at, at + 1);
    });
    return line;
  });
  const verdict = result === "OK" ? note("ok", diagnostics.length ? "It can be used; see the warnings." : "Nothing is wrong with it.") : [];
  document.querySelector("[data-judged]").replaceChildren(...[verdict, found].flat());
});
