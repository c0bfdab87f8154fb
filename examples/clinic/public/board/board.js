// The live call board: connects with the practice's token, says what it watches, shows what it is told.

const LONGEST_PAUSE = 30_000; // milliseconds between two attempts to connect
const WORDS = { ringing: "Ringing", talking: "Talking", ended: "Ended" };

const calls = new Map();
const one = (id) => document.getElementById(id);
let pause = 500;

// The token comes behind #, which no server sees, and goes from there: it is not left in the history.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem("token");

function say(state, text) {
  one("link").dataset.state = state;
  one("link").textContent = text;
}

function connect() {
  const url = new URL("/live", location.href.replace(/^http/, "ws"));
  url.searchParams.set("token", token);
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send(JSON.stringify({ action: "watch" }));
  socket.onmessage = (message) => show(JSON.parse(message.data));
  socket.onclose = () => {
    say("waiting", "Reconnecting");
    setTimeout(connect, pause * (0.5 + Math.random()));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  };
}

function show(told) {
  if (!("calls" in told)) { // an error: the board is not watching
    say("waiting", told.message);
    return;
  }
  if ("practice" in told) { // the first message: everything so far
    calls.clear();
    one("practice").textContent = `Practice ${told.practice}`;
    pause = 500;
    say("live", "Live");
  }
  for (const call of told.calls) calls.set(call.id, call);
  draw();
}

function draw() {
  const all = [...calls.values()].sort((a, b) => (a.started < b.started ? 1 : -1));
  const open = all.filter((call) => call.state !== "ended");
  const ended = all.filter((call) => call.state === "ended").slice(0, 20);
  one("open").replaceChildren(...open.map(row));
  one("ended").replaceChildren(...ended.map(row));
  one("count").textContent = open.length || "";
  one("quiet").hidden = open.length > 0;
  one("none").hidden = ended.length > 0;
}

function row(call) {
  const item = one("call").content.firstElementChild.cloneNode(true);
  item.dataset.call = call.id;
  item.querySelector(".caller").textContent = call.caller;
  item.querySelector("time").textContent = took(call);
  const state = item.querySelector(".state");
  state.dataset.state = call.state;
  state.textContent = WORDS[call.state];
  return item;
}

function tick() {
  for (const item of one("open").children) {
    item.querySelector("time").textContent = took(calls.get(item.dataset.call));
  }
}

function took(call) {
  const until = call.ended ? Date.parse(call.ended) : Date.now();
  const seconds = Math.max(0, Math.round((until - Date.parse(call.started)) / 1000));
  if (Number.isNaN(seconds)) return "";
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

if (token) {
  connect();
  setInterval(tick, 1000);
} else {
  say("waiting", "No token: open the address that the demo shows");
}
