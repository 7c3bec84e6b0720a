// Channels and messages. The server sends messages as HTML with every text escaped; all other text is set as text.
import { acted, dialog, enliven, isDismissed, redrawActs } from "./answers.js";
import { drawBox, forgetCommands, language, refocus } from "./box.js";
import { address, fetchJson, find, known, make, readAddress, view, writeAddress } from "./wire.js";

const unread = new Set();
let stream = null;

function drawChannels() {
  const all = [...known.channels.values()];
  const inOrder = all.filter((c) => !c.thread).flatMap((c) => [c, ...all.filter((t) => t.thread && t.parent === c.id)]);
  if (!known.channels.has(view.channel)) {
    const busiest = inOrder.find((c) => [...known.messages.values()].some((m) => m.channel === c.id));
    view.channel = (busiest ?? inOrder[0])?.id ?? "";
  }
  find("channels").replaceChildren(...inOrder.map((channel) => {
    const button = make("button", { textContent: `${channel.mark} ${channel.name}` });
    button.classList.toggle("thread", channel.thread);
    button.classList.toggle("unread", unread.has(channel.id));
    if (channel.id === view.channel) button.setAttribute("aria-current", "true");
    button.onclick = () => {
      view.channel = channel.id;
      writeAddress();
      drawAll();
      refocus();
    };
    return button;
  }));
}

const styles = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
  s: { dateStyle: "short", timeStyle: "short" }, S: { dateStyle: "short", timeStyle: "medium" },
};
const spans = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function relative(moment) {
  const seconds = (moment - Date.now()) / 1000;
  const [unit, length] = spans.find(([, size]) => Math.abs(seconds) >= size) ?? spans.at(-1);
  return new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(Math.round(seconds / length), unit);
}

// Moments are shown in the zone of who looks, as Discord does; the full one on hovering.
function localize(box) {
  for (const time of box.querySelectorAll("time")) {
    const told = time.dataset.moment;
    const moment = told ? new Date(Number(told) * 1000) : new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const format = (style) => new Intl.DateTimeFormat(language(), styles[style]).format(moment);
    time.textContent = time.dataset.style === "R" ? relative(moment) : format(told ? time.dataset.style : "s");
    time.title = format("F");
  }
}

function element(message, isNew) {
  const box = make("div", { className: "message", id: `message-${message.id}`, innerHTML: message.html });
  box.classList.toggle("private", message.only);
  localize(box);
  enliven(box, message);
  if (isNew) {
    box.classList.add("new");
    setTimeout(() => box.classList.remove("new"), 2000);
  }
  return box;
}

const isShown = (message) => message.channel === view.channel && !isDismissed(message.id);

function drawMessages() {
  const channel = known.channels.get(view.channel), list = find("messages");
  unread.delete(view.channel);
  find("name").textContent = channel ? `${channel.mark} ${channel.name}` : "";
  find("topic").textContent = channel?.topic ?? "";
  const shown = [...known.messages.values()].filter(isShown);
  list.replaceChildren(...shown.map((m) => element(m, false)));
  if (!shown.length) list.append(make("p", { className: "empty", textContent: "Nothing has been posted here yet." }));
  redrawActs();
  list.scrollTop = list.scrollHeight;
}

function drawAll() {
  drawMessages();
  drawChannels();
  drawBox();
}

// An edit replaces the message in its place; whoever stood on one of its buttons stands there again.
function replace(old, message) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const fresh = element(message, true);
  old.replaceWith(fresh);
  if (!focused) return;
  const press = focused.dataset.press, select = focused.closest("[data-select]")?.dataset.select;
  const same = press ? [...fresh.querySelectorAll("[data-press]")].find((button) => button.dataset.press === press && !button.disabled)
    : [...fresh.querySelectorAll("[data-select]")].find((list) => list.dataset.select === select)?.querySelector("summary");
  if (same) same.focus(); else refocus();
}

function change(data) {
  if (data.kind === "channels") return load();
  if (data.kind === "act") return acted(data);
  if (data.kind === "dialog") return dialog(data);
  if (data.kind === "gone") {
    for (const id of data.ids) { known.messages.delete(id); find(`message-${id}`)?.remove(); }
    return;
  }
  if (!known.channels.has(data.channel)) return load(); // the bot has opened direct messages
  known.messages.set(data.id, data);
  if (data.channel !== view.channel) { unread.add(data.channel); drawChannels(); return; }
  if (!isShown(data)) return;
  const list = find("messages"), old = find(`message-${data.id}`);
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  if (old) replace(old, data);
  else {
    list.querySelector(".empty")?.remove();
    list.append(element(data, true));
    redrawActs();
  }
  if (atEnd) list.scrollTop = list.scrollHeight;
}

async function load() {
  let state;
  try {
    state = await fetchJson("state");
  } catch (error) {
    find("state").textContent = error.message;
    return;
  }
  if (!state.people.some((person) => person.id === view.person && !person.bot)) {
    view.person = state.people.find((person) => !person.bot)?.id ?? "";
    if (view.person) { listen(); return; }
  }
  known.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  known.messages = new Map(state.messages.map((message) => [message.id, message]));
  known.people = state.people;
  known.roles = state.roles;
  document.title = state.guilds.join(", ") || "Sandbox";
  find("guild").textContent = document.title;
  drawChannels();
  forgetCommands();
  drawAll();
}

// Each person has a stream of their own: it brings what only they are shown.
export function listen() {
  stream?.close();
  stream = new EventSource(address("events", { as: view.person }));
  stream.onopen = () => { find("state").textContent = "live"; load(); };
  stream.onerror = () => {
    find("state").textContent = "not connected; trying again …";
    if (stream.readyState === EventSource.CLOSED) load(); // refused for good: the answer says why
  };
  stream.onmessage = (event) => change(JSON.parse(event.data));
}

readAddress();
addEventListener("hashchange", () => { readAddress(); listen(); });
setInterval(() => localize(find("messages")), 30000);
listen();
