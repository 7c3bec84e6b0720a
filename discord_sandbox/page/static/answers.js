// What can be done with messages: buttons, selects, dialogs, the menu of apps; and what is shown while the bot is at work.
import { messageCommands, refocus, refuse } from "./box.js";
import { act, find, make, view } from "./wire.js";

const acts = new Map();
const dismissed = new Set(JSON.parse(sessionStorage.getItem("dismissed") ?? "[]"));

export const isDismissed = (id) => dismissed.has(id);

function dismiss(id) {
  dismissed.add(id);
  sessionStorage.setItem("dismissed", JSON.stringify([...dismissed]));
  find(`message-${id}`)?.remove();
  refocus();
}

async function attempt(name, body) {
  try {
    refuse("");
    return await act(name, body);
  } catch (error) {
    refuse(error.message);
    return null;
  }
}

// Gives a message's HTML its hands.
export function enliven(box, message) {
  const press = (custom_id, values) => attempt("press", { message: message.id, custom_id, values });
  for (const button of box.querySelectorAll("[data-press]")) button.onclick = () => press(button.dataset.press);
  for (const select of box.querySelectorAll("[data-select]")) enlivenSelect(select, press);
  box.querySelector(".dismiss")?.addEventListener("click", () => dismiss(message.id));
  if (message.only) return;
  const more = make("button", { type: "button", className: "more", textContent: "⋯", title: "More" });
  more.setAttribute("aria-label", "Apps for this message");
  more.setAttribute("aria-haspopup", "menu");
  more.onclick = () => openMenu(message, more, more.getBoundingClientRect());
  box.append(more);
  box.oncontextmenu = (event) => {
    const native = event.target.closest("a, img, button, summary, label") || getSelection().toString();
    if (native) return;
    event.preventDefault();
    openMenu(message, more, { left: event.clientX, bottom: event.clientY });
  };
}

function enlivenSelect(select, press) {
  const least = Number(select.dataset.least), most = Number(select.dataset.most);
  const ticks = [...select.querySelectorAll("input")];
  const send = (values, labels) => {
    select.querySelector("summary").textContent = labels.join(", ") || "Make a selection";
    select.open = false;
    select.querySelector("summary").focus();
    press(select.dataset.select, values);
  };
  for (const button of select.querySelectorAll("button[value]")) {
    button.onclick = () => send([button.value], [button.querySelector("span").firstChild.textContent]);
  }
  const weigh = () => {
    const count = ticks.filter((tick) => tick.checked).length;
    for (const tick of ticks) tick.disabled = !tick.checked && count >= most;
    select.querySelector(".done").disabled = count < least;
  };
  if (ticks.length) {
    weigh();
    for (const tick of ticks) tick.onchange = weigh;
    select.querySelector(".done").onclick = () => {
      const chosen = ticks.filter((tick) => tick.checked);
      send(chosen.map((tick) => tick.value), chosen.map((tick) => tick.parentElement.querySelector("span").firstChild.textContent));
    };
  }
  select.onkeydown = (event) => {
    if (event.key !== "Escape" || !select.open) return;
    select.open = false;
    select.querySelector("summary").focus();
  };
}

// The server tells of each act: sent, answered, or silent when no answer came within three seconds.
export function acted(data) {
  if (data.state === "answered") acts.delete(data.id);
  else acts.set(data.id, data);
  if (data.state === "sent" && data.source) {
    for (const [id, other] of acts) if (other.source === data.source && other.state === "silent") acts.delete(id);
  }
  redrawActs();
}

export function redrawActs() {
  const list = find("messages");
  for (const old of list.querySelectorAll(".act")) old.remove();
  for (const busy of list.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
  for (const data of acts.values()) {
    if (data.channel !== view.channel) continue;
    const source = data.source && find(`message-${data.source}`);
    if (source && data.state === "sent") source.setAttribute("aria-busy", "true");
    else if (source) source.append(make("p", { className: "act failed", textContent: "This interaction failed" }));
    else insert(list, drawAct(data), data.id);
  }
}

// Acts stand among the messages by their ids, which grow with time.
function insert(list, box, id) {
  const later = [...list.querySelectorAll("[id^=message-]")].find((other) => BigInt(other.id.slice(8)) > BigInt(id));
  list.querySelector(".empty")?.remove();
  list.insertBefore(box, later ?? null);
  if (!later) list.scrollTop = list.scrollHeight;
}

function drawAct(data) {
  const box = make("div", { className: "message act", innerHTML: data.html });
  if (data.state === "sent") {
    box.append(make("p", { className: "thinking", textContent: "Sending …" }));
    return box;
  }
  box.append(make("p", { className: "failed", textContent: "The application did not respond" }));
  const button = make("button", { type: "button", className: "dismiss", textContent: "Dismiss message" });
  button.onclick = () => { acts.delete(data.id); redrawActs(); refocus(); };
  box.append(make("footer", { className: "only" }, "Only you can see this · ", button));
  return box;
}

// The menu of a message: the bot's message commands.
async function openMenu(message, opener, at) {
  closeMenu();
  const commands = await messageCommands();
  const menu = make("div", { id: "menu", className: "menu" });
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", "Apps");
  menu.append(make("p", { textContent: "Apps" }));
  for (const command of commands) {
    const item = make("button", { type: "button", textContent: command.name });
    item.setAttribute("role", "menuitem");
    item.onclick = () => { closeMenu(); attempt("menu", { message: message.id, command: command.command }); refocus(); };
    menu.append(item);
  }
  if (!commands.length) menu.append(make("p", { className: "none", textContent: "No app offers anything for messages here." }));
  document.body.append(menu);
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(at.left, innerWidth - width - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(at.bottom, innerHeight - height - 4))}px`;
  const items = [...menu.querySelectorAll("button")];
  menu.tabIndex = -1;
  (items[0] ?? menu).focus();
  menu.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") { closeMenu(); opener.focus(); }
    else return;
    event.preventDefault();
  };
  menu.onfocusout = (event) => { if (!menu.contains(event.relatedTarget)) closeMenu(); };
}

function closeMenu() {
  const menu = find("menu");
  if (!menu) return;
  menu.onfocusout = null;
  menu.remove();
}

// A dialog (modal) of the bot's: rows and labels with text inputs, selects and texts in between.
const ROW = 1, TEXT_INPUT = 4, TEXT = 10, LABEL = 18, UPLOAD = 19, RADIO = 21, TICKS = 22, TICK = 23;

export function dialog(data) {
  const { title, components } = data.dialog;
  const readers = new Map();
  const box = make("dialog"), form = make("form", { method: "dialog", noValidate: false });
  const heading = make("h2", { id: "dialog-title", textContent: title });
  const refusal = make("p", { className: "failed", hidden: true });
  refusal.setAttribute("role", "alert");
  const cancel = make("button", { type: "button", className: "button style-2", textContent: "Cancel" });
  const submit = make("button", { className: "button style-1", textContent: "Submit" });
  form.append(heading, ...components.map((part) => drawPart(part, readers)), refusal, make("div", { className: "row end" }, cancel, submit));
  box.append(form);
  box.setAttribute("aria-labelledby", "dialog-title");
  cancel.onclick = () => box.close();
  box.onclose = () => { box.remove(); refocus(); };
  form.onsubmit = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      const values = Object.fromEntries([...readers].map(([id, read]) => [id, read()]));
      await act("submit", { interaction: data.id, channel: data.channel, values });
      box.close();
    } catch (error) {
      refusal.textContent = error.message;
      refusal.hidden = false;
      submit.disabled = false;
    }
  };
  document.body.append(box);
  box.showModal();
}

function drawPart(part, readers) {
  if (part.type === ROW) return make("div", {}, ...part.components.map((inner) => drawPart(inner, readers)));
  if (part.type === TEXT) return make("div", { className: "text", innerHTML: part.html });
  if (part.type === LABEL) return drawField(part.component, part.label, part.description, readers);
  return drawField(part, part.label ?? "", "", readers);
}

function drawField(part, label, description, readers) {
  const required = part.required !== false && part.type !== TICK;
  const input = part.type === TEXT_INPUT ? drawTextInput(part, required) : part.type === TICK ? make("input", { type: "checkbox", checked: Boolean(part.default) }) : null;
  const title = make("span", { className: "label", textContent: label });
  if (required) title.append(make("span", { className: "required", textContent: " *", ariaHidden: "true" }));
  const about = description ? [make("small", { textContent: description })] : [];
  if (input) {
    readers.set(part.custom_id, () => (part.type === TICK ? input.checked : input.value));
    return make("label", { className: "entry" }, title, ...about, input);
  }
  if (part.type === UPLOAD || !part.options) return make("p", { className: "text", textContent: `${label}: this page cannot show this kind of field.` });
  return drawChoices(part, title, about, required, readers);
}

function drawTextInput(part, required) {
  const input = part.style === 2 ? make("textarea", { rows: 4 }) : make("input", { type: "text" });
  input.required = required;
  if (part.min_length) input.minLength = part.min_length;
  input.maxLength = part.max_length ?? 4000;
  input.value = part.value ?? "";
  input.placeholder = part.placeholder ?? "";
  return input;
}

function drawChoices(part, title, about, required, readers) {
  const several = part.type === TICKS || (part.max_values ?? 1) > 1;
  const preset = new Set((part.default_values ?? []).map((value) => value.id));
  const isSet = (option) => option.default || preset.has(option.value);
  if (!several && part.type !== RADIO) {
    const select = make("select", { required }, make("option", { value: "", textContent: part.placeholder ?? "Make a selection" }));
    for (const option of part.options) {
      const text = option.description ? `${option.label} — ${option.description}` : option.label;
      select.append(make("option", { value: option.value, textContent: text, selected: isSet(option) }));
    }
    readers.set(part.custom_id, () => (select.value ? [select.value] : []));
    return make("label", { className: "entry" }, title, ...about, select);
  }
  const ticks = part.options.map((option) =>
    make("input", { type: several ? "checkbox" : "radio", name: part.custom_id, value: option.value, checked: isSet(option) }));
  const rows = part.options.map((option, index) => {
    const note = option.description ? [make("small", { textContent: option.description })] : [];
    return make("label", { className: "tick" }, ticks[index], make("span", {}, option.label, ...note));
  });
  const chosen = () => ticks.filter((tick) => tick.checked).map((tick) => tick.value);
  readers.set(part.custom_id, several ? chosen : () => chosen()[0] ?? null);
  return make("fieldset", { className: "entry" }, make("legend", {}, title), ...about, ...rows);
}
