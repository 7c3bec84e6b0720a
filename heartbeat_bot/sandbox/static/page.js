"use strict";
// The server sends messages as HTML with every text escaped; names of channels are set as text here.
const channels = new Map(), messages = new Map(), unread = new Set();
const find = (id) => document.getElementById(id);
let current = decodeURIComponent(location.hash.slice(1));

function drawChannels() {
  const inOrder = [...channels.values()].filter((c) => !c.thread)
    .flatMap((c) => [c, ...[...channels.values()].filter((t) => t.thread && t.parent === c.id)]);
  if (!channels.has(current)) {
    const busiest = inOrder.find((c) => [...messages.values()].some((m) => m.channel === c.id));
    current = (busiest ?? inOrder[0])?.id ?? "";
  }
  find("channels").replaceChildren(...inOrder.map((channel) => {
    const button = document.createElement("button");
    button.textContent = `${channel.mark} ${channel.name}`;
    button.classList.toggle("thread", channel.thread);
    button.classList.toggle("unread", unread.has(channel.id));
    if (channel.id === current) button.setAttribute("aria-current", "true");
    button.onclick = () => { current = channel.id; location.hash = channel.id; drawChannels(); drawMessages(); };
    return button;
  }));
}

function element(message, isNew) {
  const box = document.createElement("div");
  box.className = "message";
  box.id = `message-${message.id}`;
  box.innerHTML = message.html;
  for (const time of box.querySelectorAll("time[data-moment]")) {
    time.textContent = new Date(Number(time.dataset.moment) * 1000).toLocaleString();
  }
  if (isNew) {
    box.classList.add("new");
    setTimeout(() => box.classList.remove("new"), 2000);
  }
  return box;
}

function drawMessages() {
  const channel = channels.get(current), list = find("messages");
  unread.delete(current);
  find("name").textContent = channel ? `${channel.mark} ${channel.name}` : "";
  find("topic").textContent = channel?.topic ?? "";
  const here = [...messages.values()].filter((m) => m.channel === current);
  list.replaceChildren(...here.map((m) => element(m, false)));
  if (!here.length) {
    const empty = document.createElement("p");
    empty.className = "empty";
    empty.textContent = "Nothing has been posted here yet.";
    list.append(empty);
  }
  list.scrollTop = list.scrollHeight;
}

function change(data) {
  if (data.kind === "channels") return load();
  if (data.kind === "gone") {
    for (const id of data.ids) { messages.delete(id); find(`message-${id}`)?.remove(); }
    return;
  }
  messages.set(data.id, data);
  if (data.channel !== current) { unread.add(data.channel); drawChannels(); return; }
  const list = find("messages"), old = find(`message-${data.id}`);
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  if (old) { old.replaceWith(element(data, true)); return; }
  list.querySelector(".empty")?.remove();
  list.append(element(data, true));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

async function load() {
  const state = await (await fetch("/live/state")).json();
  channels.clear(); messages.clear();
  for (const channel of state.channels) channels.set(channel.id, channel);
  for (const message of state.messages) messages.set(message.id, message);
  document.title = state.guilds.join(", ") || "Sandbox";
  find("guild").textContent = document.title;
  drawChannels();
  drawMessages();
}

const events = new EventSource("/live/events");
events.onopen = () => { find("state").textContent = "live"; load(); };
events.onerror = () => { find("state").textContent = "not connected; trying again …"; };
events.onmessage = (event) => change(JSON.parse(event.data));
