// The form of a route: sends a request to the door, and shows what came of it.

import { ask, confirmed, say } from "./fd.js";

const SAFE = ["GET", "HEAD", "OPTIONS"];

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-test]");
  if (!form) return;
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  const changes = `${given.method} ${given.path} may change something: it is a real request.`;
  if (!SAFE.includes(given.method) && !(await confirmed(changes, { action: "Send it" }))) return;
  const headers = given.headers.split("\n").filter((line) => line.trim()).map(pair);
  const button = form.querySelector("button.main");
  button.disabled = true;
  try {
    const told = await ask("POST", "/api/routes/test", { ...given, headers });
    form.parentElement.querySelector("[data-answer]").replaceChildren(...shown(told));
  } catch (error) {
    say(error.message, "bad");
  } finally {
    button.disabled = false;
  }
});

function pair(line) {
  const at = line.indexOf(":");
  return at < 0 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

function* shown({ answer, seconds, explained }) {
  const kind = answer.status < 400 ? "ok" : answer.status < 500 ? "warn" : "bad";
  const head = made("div", "row", made("span", `tag ${kind}`, `${answer.status} ${answer.reason}`));
  head.append(made("span", "faint", `${(seconds * 1000).toFixed(1)} ms`));
  const taken = explained.api === "-" ? "no API takes it" : `${explained.api}, ${explained.route || "no route"}`;
  head.append(made("span", "", taken));
  yield head;
  yield made("p", "faint", explained.stages.map(({ name, way }) => `${way === "in" ? "→" : "←"} ${name}`).join("  "));
  yield folded("Headers", made("pre", "code", answer.headers.map((each) => each.join(": ")).join("\n")));
  if (!answer.body) return;
  const body = document.createElement("fd-json");
  body.append(made("pre", "code", answer.body));
  yield body;
  if (!answer.whole) yield made("p", "faint", "The answer goes on; this is its beginning.");
}

function folded(name, inner) {
  const details = made("details", "", made("summary", "", name));
  details.append(inner);
  return details;
}

function made(name, kind, inner) {
  const element = document.createElement(name);
  element.className = kind;
  element.append(inner);
  return element;
}
