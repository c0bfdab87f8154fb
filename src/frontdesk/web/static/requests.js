// Requests as they come, and sending one again.
import { ask, attempt, listen, root, say } from "./fd.js";

const MOST = 300;
const body = document.querySelector("[data-requests]");

if (body) {
  const shape = document.querySelector("#request-row").content.querySelector("tr");
  const none = document.querySelector("[data-none]");
  const passed = document.querySelector("[data-passed]");
  const pause = document.querySelector("[data-pause]");
  const query = new URLSearchParams(location.search);
  let waiting = [];
  let paused = false;
  let unseen = 0;

  const fits = (row) => {
    const status = (query.get("status") ?? "").toLowerCase().replace(/x+$/, "");
    const said = [row.method, row.path, row.route, row.id, row.client, row.connection, row.outcome].join(" ").toLowerCase();
    return String(row.status).startsWith(status)
      && ["kind", "method", "api", "route", "key"].every((name) => !query.has(name) || row[name] === query.get(name))
      && said.includes((query.get("q") ?? "").toLowerCase());
  };

  const kind = (status) => (status >= 500 ? "bad" : status >= 400 ? "warn" : status >= 300 ? "run" : status >= 200 ? "ok" : "");

  // As the server writes them: three digits of the first unit that has fewer than so many.
  const three = (number) => (number < 999.5 ? Number(number.toPrecision(3)) : Math.round(number));
  const inUnits = (number, most, [unit, ...larger]) => (larger.length && three(number) >= most ? inUnits(number / most, most, larger) : `${three(number)} ${unit}`);
  const took = (ms) => (ms === null ? "" : inUnits(Math.round(ms * 1000), 1000, ["µs", "ms", "s"]));
  const size = (bytes) => inUnits(bytes, 1024, ["B", "KB", "MB"]);

  const made = (row) => {
    const tr = shape.cloneNode(true);
    const [time, what, status, ms, upstream, key, outcome] = tr.cells;
    tr.dataset.drawer = `${root}/requests/${encodeURIComponent(row.id)}`;
    tr.tabIndex = 0;
    time.textContent = new Date(row.time * 1000).toISOString().slice(11, 23);
    const method = document.createElement("b");
    method.textContent = row.method;
    const isMessage = row.kind === "message";
    const about = isMessage ? [row.connection, size(row.bodyLength)] : [row.route, row.connection];
    what.querySelector("code").replaceChildren(method, ` ${isMessage ? row.route : row.path}`);
    what.querySelector(".sub").textContent = [row.api, ...about].filter(Boolean).join(" · ");
    status.firstElementChild.textContent = row.status;
    status.firstElementChild.className = `tag ${kind(row.status)}`;
    ms.textContent = took(row.ms);
    upstream.textContent = took(row.upstreamMs);
    key.textContent = row.key;
    outcome.textContent = row.outcome;
    return tr;
  };

  const tell = () => {
    const words = [];
    if (paused && waiting.length) words.push(`${waiting.length} wait`);
    if (unseen) words.push(`${unseen} more were not looked at`);
    passed.textContent = words.join(", ");
  };

  const show = () => {
    body.prepend(...waiting.splice(0).reverse().map(made));
    while (body.rows.length > MOST) body.rows[MOST].remove();
    none.hidden = body.rows.length > 0;
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    if (!paused) show();
    tell();
  });

  listen(["request"], (_topic, { items, dropped }) => {
    unseen += dropped + items.reduce((sum, row) => sum + row.passed, 0);
    waiting = [...waiting, ...items.filter(fits)].slice(-MOST);
    if (!paused) show();
    tell();
  });
}

const MASK = "***";

// <button data-replay='{"method", "path", "host", "headers", "body"}'>
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-replay]");
  if (!button) return;
  const given = JSON.parse(button.dataset.replay);
  const known = given.headers.filter(([, value]) => value !== MASK);
  const masked = given.headers.filter(([, value]) => value === MASK).map(([name]) => name);
  const lost = masked.length ? ` What was masked is not sent unless you fill it in: ${masked.join(", ")}.` : "";
  const options = {
    action: "Send",
    fields: [
      { name: "path", label: "Path", value: given.path },
      { name: "headers", label: "Header fields", rows: 6, value: known.map((pair) => pair.join(": ")).join("\n") },
      { name: "body", label: "Body", rows: 4, value: given.body },
    ],
  };
  const told = await attempt(`Send this request to the gateway again, as a new one? It does again what it did.${lost}`, options, ({ path, headers, body: text }) => {
    const pairs = headers.split("\n").filter((line) => line.trim()).map((line) => line.split(/:\s*(.*)/s).slice(0, 2));
    return ask("POST", "/api/requests/replay", { method: given.method, path, host: given.host, headers: pairs, body: text });
  });
  if (!told) return;
  const answer = document.createElement("pre");
  answer.className = "code";
  answer.textContent = [`${told.status}`, ...told.headers.map((pair) => pair.join(": ")), "", told.body].join("\n");
  const place = button.closest("fd-drawer, main").querySelector("[data-answer]");
  place.replaceChildren(answer);
  place.hidden = false;
  say(`The gateway has answered ${told.status}`, told.status < 400 ? "ok" : "warn");
});
