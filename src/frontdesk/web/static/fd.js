// What every page of the console does: menu and theme, parts that are fetched, changes that are asked for, live news.
// Modules of single pages import from here. No framework, nothing from elsewhere.

export const root = document.querySelector('meta[name="root"]').content;
const AWAY = "The gateway does not answer";
const token = document.querySelector('meta[name="csrf-token"]').content;

/** Ask the admin API; answers its JSON. Throws an Error with its message and hint. */
export async function ask(method, path, given) {
  const headers = { "content-type": "application/json", "x-csrf-token": token };
  const body = given === undefined ? undefined : JSON.stringify(given);
  const answer = await fetch(path, { method, headers, body, credentials: "same-origin" }).catch(() => { throw new Error(AWAY); });
  const text = await answer.text();
  let told = text;
  try { told = text ? JSON.parse(text) : null; } catch { /* it is text */ }
  if (answer.ok) return told;
  if (answer.status === 401) location.reload();
  throw new Error([told?.message ?? `${answer.status} ${answer.statusText}`, told?.hint].filter(Boolean).join(" — "));
}

/** Fetch the main part of a page, as nodes. Whoever is not signed in any more goes to do so, and comes back to this page. */
export async function part(url) {
  const answer = await fetch(url, { headers: { "x-fragment": "1" }, credentials: "same-origin" }).catch(() => { throw new Error(AWAY); });
  if (answer.redirected) {
    location.reload();
    return new Promise(() => {});
  }
  if (!answer.headers.get("content-type")?.startsWith("text/html")) throw new Error(`${AWAY}: ${answer.status} ${answer.statusText}`);
  const held = document.createElement("template");
  held.innerHTML = await answer.text();
  return held.content;
}

/** Say something at the edge of the page for a while. */
export function say(text, kind = "ok") {
  const note = document.createElement("p");
  note.className = `notice ${kind}`;
  note.textContent = text;
  document.querySelector(".toasts").append(note);
  setTimeout(() => note.remove(), kind === "bad" ? 12000 : 5000);
}

// What something is, also when it is made anew: where it leads and what it does, else what it says.
const MARKS = ["href", "data-href", "data-drawer", "data-do", "data-given", "name", "aria-label"];
const identity = (node) => MARKS.map((name) => node.getAttribute(name) ?? "").join("\n").trim() || node.textContent;

/** Show the page anew without losing the place, the focus or the order of tables; the drawer, too. */
export async function refresh() {
  const main = document.querySelector("main");
  const fresh = await part(location.href);
  const at = scrollY;
  const focused = main.querySelector(":focus");
  const heads = "th:is([aria-sort=ascending], [aria-sort=descending])";
  const sorted = [...main.querySelectorAll(heads)].map((head) => [identity(head), head.ariaSort]);
  main.replaceChildren(fresh);
  for (const head of main.querySelectorAll("th[aria-sort]")) {
    const [, way] = sorted.find(([said]) => said === identity(head)) ?? [];
    if (way && way !== head.ariaSort) head.closest("fd-table").sort(head, way);
  }
  if (focused) [...main.querySelectorAll(focused.tagName)].find((node) => identity(node) === identity(focused))?.focus({ preventScroll: true });
  scrollTo(0, at);
  const drawer = document.querySelector("#drawer");
  if (drawer.url && drawer.hasAttribute("open")) await drawer.load(drawer.url);
  again();
}

// Nothing is shown anew under the hands of somebody who asks, picks or fills in; nor where nobody looks.
const busy = () => document.hidden || document.querySelector("dialog[open], main input:checked, main :focus:is(input, select, textarea)");

// While something on the page goes on by itself, data-again="1000" there shows it anew after so many milliseconds.
let due;
function again() {
  clearTimeout(due);
  const going = document.querySelector("main [data-again]");
  if (going) due = setTimeout(() => (busy() ? again() : refresh().catch(again)), Number(going.dataset.again));
}
again();

/** Say why a text is no JSON; "" where it is, or there is none. */
function jsonFault(text) {
  try { JSON.parse(text || "null"); return ""; } catch (error) { return `This is not JSON: ${error.message}`; }
}

/** Ask whether to do something; answers what was filled in, or null. fault: why the last try was refused. */
export function confirmed(text, { danger = false, fields = [], action = "Go on", fault = "" } = {}) {
  const dialog = document.createElement("dialog");
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "stack";
  const words = document.createElement("p");
  words.textContent = text;
  form.append(words);
  if (fault) form.append(Object.assign(document.createElement("p"), { className: "notice bad", role: "alert", textContent: fault }));
  for (const { name, label, value = "", rows, type, options, json } of fields) {
    const around = document.createElement("label");
    around.textContent = label;
    const input = document.createElement(options ? "select" : rows ? "textarea" : "input");
    input.name = name;
    for (const option of options ?? []) input.add(new Option(option || "—", option));
    if (type) input.type = type;
    if (rows) input.rows = rows;
    input.value = value;
    if (json) input.addEventListener("input", () => input.setCustomValidity(jsonFault(input.value)));
    around.append(input);
    form.append(around);
  }
  const row = document.createElement("div");
  row.className = "row";
  const go = document.createElement("button");
  go.value = "go";
  go.className = danger ? "danger" : "main";
  go.textContent = action;
  const back = document.createElement("button");
  back.value = "";
  back.textContent = "Cancel";
  back.formNoValidate = true;
  back.autofocus = danger;  // a stray Enter does no harm
  row.append(go, back);
  form.append(row);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((tell) => dialog.addEventListener("close", () => {
    tell(dialog.returnValue === "go" ? Object.fromEntries(new FormData(form)) : null);
    dialog.remove();
  }));
}

/** Ask, and act with what was filled in; where that is refused, ask again with why, and nothing is lost. null: it was thought better of. */
export async function attempt(text, options, act) {
  const fields = options.fields ?? [];
  for (let fault = ""; ;) {
    const filled = await confirmed(text, { ...options, fault });
    if (!filled) return null;
    try { return await act(filled); } catch (error) {
      if (!fields.length) throw error;
      fault = error.message;
      for (const field of fields) field.value = filled[field.name];
    }
  }
}

/** Show what is told this once, until somebody has taken it. */
export function reveal(text) {
  const dialog = document.createElement("dialog");
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "stack";
  const words = document.createElement("p");
  words.textContent = "This is shown once. Keep it where secrets are kept.";
  const shown = document.createElement("pre");
  shown.className = "code";
  shown.textContent = text;
  const row = document.createElement("div");
  row.className = "row";
  const done = document.createElement("button");
  done.className = "main";
  done.textContent = "Done";
  row.append(copyButton(() => text), done);  // the first one has the focus: a stray Enter loses nothing
  form.append(words, shown, row);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((tell) => dialog.addEventListener("close", () => { dialog.remove(); tell(); }));
}

async function tellOnce(name, told) {
  if (name) await reveal([told[name]].flat().join("\n"));
}

// Boxes with data-pick pick rows, data-pick-all picks all; buttons with data-picked need some.
const picked = () => [...document.querySelectorAll("main [data-pick]:checked")];
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) {
    for (const box of document.querySelectorAll("main [data-pick]")) box.checked = event.target.checked;
  }
  for (const button of document.querySelectorAll("[data-picked]")) button.disabled = !picked().length;
});

// What is filled in, by the type of its field.
const read = {
  number: Number,
  list: (text) => text.split(/[\s,]+/).filter(Boolean),
  "datetime-local": (text) => Date.parse(text) / 1000,
};

/** Act with what a button gives: all that it says, what is picked, what is filled in. null: it was thought better of. */
async function give(button, act) {
  const { given = "{}", picked: name, ask: words, fields = "[]" } = button.dataset;
  const all = JSON.parse(given);
  if (name) all[name] = picked().map((box) => (box.dataset.pick ? JSON.parse(box.value) : box.value));
  if (words === undefined) return act(all);
  const options = { danger: button.classList.contains("danger"), fields: JSON.parse(fields), action: button.textContent.trim() };
  return attempt(words, options, (filled) => {
    const asked = options.fields.filter(({ name: key }) => filled[key] !== "");
    return act({ ...all, ...Object.fromEntries(asked.map(({ name: key, type, json }) => [key, (json ? JSON.parse : read[type] ?? String)(filled[key])])) });
  });
}

const filledIn = (url, told) => url.replace(/\{([\w.]+)\}/g, (_, path) => encodeURIComponent(path.split(".").reduce((value, name) => value?.[name], told)));

// A button that asks for a change says all of it in its attributes:
//   <button data-do="POST /api/x/revoke" data-given='{"a":1}' data-ask="Really?" data-said="Done">
// Also data-fields='[{"name", "label", "value", "rows", "type", "options", "json"}]': what to fill in when it asks;
// its path may have a {name} of what is given; data-to="/page/{name.of.member}": where to go then, with what was told;
// data-picked="ids": gives what is picked under this name; data-tells="value": shows this of the answer, once;
// data-close: there is nothing left to show in the drawer.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  event.preventDefault();
  event.stopPropagation();
  if (button.ariaBusy) return;
  button.ariaBusy = "true";  // not disabled: that would lose the focus
  const [method, path] = button.dataset.do.split(/ (.*)/s);
  try {
    const told = await give(button, async (given) => [await ask(method, filledIn(path, given), method === "GET" ? undefined : given)]);
    if (told) await tellAll(button, told[0]);
  } catch (error) {
    say(error.message, "bad");
  } finally {
    button.ariaBusy = null;
  }
});

/** Show what came of what a button has done, and what it says itself. */
async function tellAll(button, told) {
  await tellOnce(button.dataset.tells, told);
  say(button.dataset.said ?? "Done");
  if (button.dataset.close !== undefined) document.querySelector("#drawer").close();
  if (button.dataset.to) location.href = filledIn(button.dataset.to, told);
  else await refresh();
}

// A form that asks for a change: <form data-do="PUT /api/x">, its fields as a JSON object.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-do]");
  if (!form) return;
  event.preventDefault();
  event.stopPropagation();
  const [method, path] = form.dataset.do.split(/ (.*)/s);
  const given = {};
  for (const [name, value] of new FormData(form)) {
    const field = form.elements[name];
    if (field.dataset?.json !== undefined) {
      try { given[name] = JSON.parse(value || "null"); } catch { say(`${name}: this is not JSON`, "bad"); return; }
    } else if (value !== "") given[name] = field.type === "number" ? Number(value) : value;
  }
  try {
    const told = await ask(method, path, given);
    form.dispatchEvent(new CustomEvent("told", { detail: told, bubbles: true }));
    await tellOnce(form.dataset.tells, told);
    say(form.dataset.said ?? "Done");
    if (form.dataset.close !== undefined) document.querySelector("#drawer").close();
    if (!form.hasAttribute("data-stay")) await refresh();
  } catch (error) {
    say(error.message, "bad");
  }
});

// Rows lead somewhere: to a page, or into the drawer. Enter does what a click does.
function follow(row) {
  if (row.dataset.href) location.href = row.dataset.href;
  else if (row.dataset.drawer) document.querySelector("#drawer").load(row.dataset.drawer, row).catch((error) => say(error.message, "bad"));
}
document.addEventListener("click", (event) => {
  if (event.target.closest("a, button, input, label, select")) return;
  const row = event.target.closest("[data-href], [data-drawer]");
  if (row && !getSelection().toString()) follow(row);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[data-href], [data-drawer]")) follow(event.target);
});

customElements.define("fd-drawer", class extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "dialog");
    this.tabIndex = -1;
    addEventListener("keydown", (event) => { if (event.key === "Escape" && this.hasAttribute("open")) this.close(); });
  }

  /** Show the main part of a page. from: what it was opened by, and gets the focus back; without: it is shown anew. */
  async load(url, from) {
    const nodes = [...(await part(url)).childNodes];
    this.url = url;
    this.from = from ?? this.from;
    const close = document.createElement("button");
    close.className = "quiet close";
    close.setAttribute("aria-label", "Close");
    close.textContent = "✕";
    close.addEventListener("click", () => this.close());
    const focused = from ?? this.contains(document.activeElement);
    this.replaceChildren(close, ...nodes);
    this.setAttribute("aria-label", this.querySelector("h1")?.textContent ?? "Details");
    this.setAttribute("open", "");
    if (focused) this.focus();
  }

  close() {
    this.removeAttribute("open");
    const { from } = this;
    (from?.isConnected ? from : [...document.querySelectorAll("main [data-drawer]")].find((row) => identity(row) === identity(from)))?.focus();
    this.dispatchEvent(new Event("closed"));
  }
});

customElements.define("fd-table", class extends HTMLElement {
  connectedCallback() {
    for (const row of this.querySelectorAll("tbody tr[data-href], tbody tr[data-drawer]")) row.tabIndex = 0;
    for (const head of this.querySelectorAll("th[aria-sort]")) {
      head.tabIndex = 0;
      head.addEventListener("click", () => this.sort(head));
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") this.sort(head); });
    }
  }

  /** Put rows in the order of a column; way: "ascending" or "descending". */
  sort(head, way = head.ariaSort === "ascending" ? "descending" : "ascending") {
    const at = head.cellIndex;
    const down = way === "descending";
    for (const other of this.querySelectorAll("th[aria-sort]")) other.ariaSort = "none";
    head.ariaSort = way;
    const body = this.querySelector("tbody");
    const key = (row) => row.cells[at]?.dataset.value ?? row.cells[at]?.textContent.trim() ?? "";
    const compare = new Intl.Collator(undefined, { numeric: true }).compare;
    const rows = [...body.rows].sort((one, other) => compare(key(one), key(other)));
    body.append(...(down ? rows.reverse() : rows));
  }
});

// Words and key:value chips above a list; what they say is the page's query.
customElements.define("fd-filter", class extends HTMLElement {
  connectedCallback() {
    if (this.input) return;
    const query = new URLSearchParams(location.search);
    this.input = document.createElement("input");
    this.input.type = "search";
    this.input.setAttribute("aria-label", "Filter");
    this.input.placeholder = this.getAttribute("placeholder") ?? "filter, or key:value";
    this.append(this.input);
    for (const key of (this.getAttribute("keys") ?? "").split(" ").filter(Boolean)) {
      if (query.get(key)) this.append(this.chip(key, query.get(key)));
    }
    this.input.value = query.get("q") ?? "";
    this.input.addEventListener("keydown", (event) => { if (event.key === "Enter") this.apply(); });
  }

  chip(key, value) {
    const chip = document.createElement("span");
    chip.className = "chip";
    chip.textContent = `${key}: ${value}`;
    const drop = document.createElement("button");
    drop.className = "quiet small";
    drop.textContent = "✕";
    drop.setAttribute("aria-label", `without ${key}`);
    drop.addEventListener("click", () => this.go((query) => query.delete(key)));
    chip.append(drop);
    return chip;
  }

  apply() {
    const keys = (this.getAttribute("keys") ?? "").split(" ");
    this.go((query) => {
      const words = [];
      for (const word of this.input.value.split(/\s+/)) {
        const [key, value] = word.split(/:(.*)/s);
        if (value && keys.includes(key)) query.set(key, value); else if (word) words.push(word);
      }
      if (words.length) query.set("q", words.join(" ")); else query.delete("q");
    });
  }

  go(change) {
    const query = new URLSearchParams(location.search);
    change(query);
    for (const place of ["token", "after", "after_pk", "after_sk"]) query.delete(place);
    location.search = query.toString();
  }
});

/** Put a text where it can be pasted from. */
export async function copy(text) {
  try { await navigator.clipboard.writeText(text); say("Copied"); } catch { say("The browser does not let us copy", "bad"); }
}

function copyButton(text) {
  const button = document.createElement("button");
  button.className = "small quiet";
  button.textContent = "copy";
  button.type = "button";
  button.addEventListener("click", () => copy(text()));
  return button;
}

customElements.define("fd-code", class extends HTMLElement {
  connectedCallback() {
    if (!this.querySelector("button")) this.prepend(copyButton(() => this.querySelector("pre").textContent));
  }
});

// A JSON text as a tree that folds: <fd-json><pre class="code">{…}</pre></fd-json>. Without scripts it is the text.
customElements.define("fd-json", class extends HTMLElement {
  connectedCallback() {
    const pre = this.querySelector("pre");
    if (!pre || this.querySelector(".tree")) return;
    const text = pre.textContent;
    let value;
    try { value = JSON.parse(text); } catch { this.prepend(copyButton(() => text)); return; }
    const tree = document.createElement("div");
    tree.className = "code mono tree";
    tree.append(this.node(value, true));
    pre.hidden = true;
    this.prepend(copyButton(() => text));
    this.append(tree);
  }

  node(value, open) {
    if (value === null || typeof value !== "object") {
      const leaf = document.createElement("span");
      leaf.className = typeof value === "string" ? "s" : "n";
      leaf.textContent = JSON.stringify(value);
      return leaf;
    }
    const entries = Object.entries(value);
    const [first, last] = Array.isArray(value) ? "[]" : "{}";
    if (!entries.length) return document.createTextNode(first + last);
    const around = document.createElement("details");
    around.open = open && entries.length < 200;
    const head = document.createElement("summary");
    head.textContent = Array.isArray(value) ? `[ ${entries.length} ]` : `{ ${entries.length} }`;
    around.append(head);
    const fill = () => {
      for (const [key, inner] of entries) {
        const row = document.createElement("div");
        const name = document.createElement("span");
        name.className = "k";
        name.textContent = `${key}: `;
        row.append(name, this.node(inner, entries.length < 20));
        around.append(row);
      }
    };
    if (around.open) fill(); else around.addEventListener("toggle", fill, { once: true });
    return around;
  }
});

// <fd-time at="2026-…Z">: how long ago it was; the instant itself on hover.
const ages = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];
customElements.define("fd-time", class extends HTMLElement {
  connectedCallback() {
    this.title = this.getAttribute("at");
    this.tell();
  }

  tell() {
    const seconds = (Date.now() - Date.parse(this.getAttribute("at"))) / 1000;
    const [, unit, name] = ages.find(([most]) => Math.abs(seconds) < most);
    const number = Math.floor(Math.abs(seconds) / unit);  // whole ones: never 60 s
    this.textContent = Math.abs(seconds) < 1.5 ? "now" : seconds < 0 ? `in ${number} ${name}` : `${number} ${name} ago`;
  }
});
setInterval(() => document.querySelectorAll("fd-time").forEach((each) => each.tell()), 5000);

const RETRY = 5000;  // after which a stream that was refused is asked for again

/** Hear of news of some topics: one stream for whatever a page shows. */
export function listen(topics, heard) {
  const stream = new EventSource(`${root}/stream?topics=${topics.join(",")}`);
  const light = document.querySelector("[data-live]");
  const shine = (lives) => {
    light.hidden = false;
    light.classList.toggle("lost", !lives);
    light.lastElementChild.textContent = lives ? "live" : "not connected";
  };
  stream.addEventListener("open", () => shine(true));
  stream.addEventListener("error", () => {
    shine(false);
    if (stream.readyState !== EventSource.CLOSED) return;  // the browser tries again by itself
    // It was refused. Who is not signed in any more goes to do so: asking for the page sees to that.
    part(location.href).catch(() => {}).then(() => setTimeout(() => listen(topics, heard), RETRY));
  });
  for (const topic of topics) {
    stream.addEventListener(topic, (event) => heard(topic, JSON.parse(event.data)));
  }
  addEventListener("pagehide", () => stream.close());
}

/** Show the page anew with each piece of news of some topics. */
export function refreshOn(topics) {
  listen(topics, () => { if (!busy()) refresh().catch(() => {}); });
}

// Menu and theme.
document.querySelector("[data-menu]")?.addEventListener("click", (event) => {
  const open = document.querySelector("#nav").toggleAttribute("data-open");
  event.currentTarget.setAttribute("aria-expanded", open);
});
document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
  const html = document.documentElement;
  const isDark = html.dataset.theme ? html.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  html.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("fd-theme", html.dataset.theme);
});
