// A function's page: runs it with an event, and follows its log.

import { ask, say } from "./fd.js";

const PACE = 1000;
const MOST = 2000;

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-invoke]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button.main");
  const given = Object.fromEntries(new FormData(form));
  try { given.event = JSON.parse(given.event || "null"); } catch (error) { say(`The event is not JSON: ${error.message}`, "bad"); return; }
  button.disabled = true;
  try {
    const told = await ask("POST", form.dataset.invoke, given);
    form.parentElement.querySelector("[data-answer]").replaceChildren(...shown(told));
  } catch (error) {
    say(error.message, "bad");
  } finally {
    button.disabled = false;
  }
});

function* shown(told) {
  const head = made("div", "row", made("span", `tag ${told.error ? "bad" : "ok"}`, told.error || "Succeeded"));
  head.append(made("span", "faint", `${(told.seconds * 1000).toFixed(1)} ms, version ${told.version}, ${told.request_id}`));
  yield head;
  if (told.reason) yield made("p", "faint", told.reason);
  const result = document.createElement("fd-json");
  result.append(made("pre", "code", JSON.stringify(told.result, null, 2)));
  yield result;
  if (told.log) yield made("pre", "code", told.log);
}

function made(name, kind, inner) {
  const element = document.createElement(name);
  element.className = kind;
  element.append(inner);
  return element;
}

// <fd-log src="/api/…/log" after="4711"><pre>…</pre></fd-log>: goes on by itself while somebody sees it. It stays at
// the end unless somebody has scrolled up.
customElements.define("fd-log", class extends HTMLElement {
  connectedCallback() {
    this.pre = this.querySelector("pre");
    this.after = Number(this.getAttribute("after"));
    this.pre.scrollTop = this.pre.scrollHeight;
    this.timer = setInterval(() => this.look(), PACE);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  async look() {
    if (document.hidden || this.asking) return;
    this.asking = true;
    try {
      const { lines, next } = await ask("GET", `${this.getAttribute("src")}?after=${this.after}`);
      this.after = next;
      if (lines.length) this.add(lines);
    } catch {
      // The gateway starts anew, say: the next look will tell.
    } finally {
      this.asking = false;
    }
  }

  add(lines) {
    const { pre } = this;
    const follows = pre.scrollTop + pre.clientHeight > pre.scrollHeight - 30;
    const all = pre.textContent ? [...pre.textContent.split("\n"), ...lines] : lines;
    pre.textContent = all.slice(-MOST).join("\n");
    if (follows) pre.scrollTop = pre.scrollHeight;
  }
});
