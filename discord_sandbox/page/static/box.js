// The box at the bottom: messages, slash commands with their options, and the choice of who one is and in which language.
import { act, fetchJson, find, known, make, view, writeAddress } from "./wire.js";

const LANGUAGES = [
  "en-US", "en-GB", "bg", "zh-CN", "zh-TW", "hr", "cs", "da", "nl", "fi", "fr", "de", "el", "hi", "hu", "id", "it", "ja", "ko",
  "lt", "no", "pl", "pt-BR", "ro", "ru", "es-ES", "es-419", "sv-SE", "th", "tr", "uk", "vi",
];
const STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10, FILE = 11;
const CHAT = 1, MESSAGE = 3;
const PAUSE = 200; // milliseconds without a key before the bot is asked to complete

const typed = find("typed"), offers = find("offers"), panel = find("panel");
let commands = null; // what the server offered here; asked anew when the person, channel or language changes
let chosen = null; // the command being filled in
let fields = [];
let list = { input: null, items: [], index: -1, pick: null };

export const language = () => view.language;
export const refocus = () => (fields.find((field) => field.option.required && !field.input.value)?.input ?? typed).focus();

export function refuse(sentence) {
  find("refusal").textContent = sentence;
  find("refusal").hidden = !sentence;
}

// Commands

async function offered() {
  commands ??= fetchJson("commands");
  return commands;
}

export async function messageCommands() {
  commands = null;
  return (await offered()).filter((command) => command.kind === MESSAGE);
}

export function forgetCommands() {
  commands = null;
}

async function suggestCommands() {
  const words = typed.value.slice(1).toLowerCase();
  if (!words) forgetCommands(); // the bot may have changed them since
  const all = (await offered()).filter((command) => command.kind === CHAT);
  if (chosen || !typed.value.startsWith("/")) return;
  const name = (command) => command.name.toLowerCase();
  const exact = all.find((command) => `${name(command)} ` === words);
  if (exact && !all.some((command) => name(command).startsWith(words))) { choose(exact); return; }
  const fitting = all.filter((command) => name(command).includes(words.trimEnd()) || command.command.includes(words.trimEnd()));
  fitting.sort((a, b) => Number(!name(a).startsWith(words)) - Number(!name(b).startsWith(words)) || name(a).localeCompare(name(b)));
  const items = fitting.map((command) => ({ name: `/${command.name}`, note: command.description, value: command }));
  const hint = items.length ? "Commands" : all.length ? "No command is called so." : "You are offered no commands here.";
  openList(typed, items, (item) => choose(item.value), { hint, index: items.length ? 0 : -1 });
}

function choose(command) {
  closeList();
  refuse("");
  chosen = command;
  typed.value = `/${command.name}`;
  typed.readOnly = true;
  find("line").classList.add("command");
  const inOrder = [...command.options].sort((a, b) => Number(b.required) - Number(a.required));
  fields = inOrder.map(drawField);
  find("fields").replaceChildren(...fields.map((field) => field.box));
  fit();
  refocus();
  if (document.activeElement === typed) showHint(typed, command.description);
}

function leave(text) {
  closeList();
  chosen = null;
  fields = [];
  typed.readOnly = false;
  typed.value = text;
  find("line").classList.remove("command");
  find("fields").replaceChildren();
  fit();
}

// Options

function drawField(option) {
  const input = make("input", { type: "text", placeholder: option.required ? "" : "optional", spellcheck: option.type === STRING });
  input.setAttribute("aria-describedby", "hint");
  input.setAttribute("aria-required", String(option.required));
  if (option.type === FILE) Object.assign(input, { disabled: true, placeholder: "no files here" });
  if (option.type === INTEGER) input.inputMode = "numeric";
  if (option.type === NUMBER) input.inputMode = "decimal";
  const field = { option, input, picked: null, timer: 0, box: make("label", { className: "field" }, make("span", { textContent: option.label }), input) };
  if (isListed(option) || option.autocomplete) {
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-controls", "offers");
    input.setAttribute("aria-expanded", "false");
  }
  input.oninput = () => { refuse(""); field.picked = null; widen(input); suggest(field, PAUSE); };
  input.onfocus = () => { input.select(); suggest(field, 0); };
  input.onkeydown = (event) => pressed(event, input);
  widen(input);
  return field;
}

const isListed = (option) => option.choices.length > 0 || [BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE].includes(option.type);

function choicesOf(option) {
  if (option.choices.length) return option.choices;
  const guild = known.channels.get(view.channel)?.guild;
  const users = () => known.people.filter((person) => !guild || person.guilds.includes(guild)).map((person) => ({ name: `@${person.name}`, value: person.id }));
  const roles = () => known.roles.filter((role) => role.guild === guild).map((role) => ({ name: `@${role.name.replace(/^@/, "")}`, value: role.id }));
  const fits = (channel) => channel.guild === guild && (!option.channel_types || option.channel_types.includes(channel.type));
  switch (option.type) {
    case BOOLEAN: return [{ name: "True", value: true }, { name: "False", value: false }];
    case USER: return users();
    case ROLE: return roles();
    case MENTIONABLE: return [...users(), ...roles()];
    case CHANNEL: return [...known.channels.values()].filter(fits).map((channel) => ({ name: `#${channel.name}`, value: channel.id }));
    default: return [];
  }
}

function suggest(field, pause) {
  const { option, input } = field;
  const hint = `${option.label}: ${option.description}`;
  clearTimeout(field.timer);
  if (option.autocomplete) {
    showHint(input, `${hint} …`);
    field.timer = setTimeout(() => complete(field, hint), pause);
    return;
  }
  if (!isListed(option)) { showHint(input, hint); return; }
  const text = field.picked ? "" : input.value.trim().toLowerCase();
  const items = choicesOf(option).filter((choice) => choice.name.toLowerCase().includes(text));
  openList(input, items, (item) => pick(field, item), { hint: items.length ? hint : `${hint} — nothing fits`, index: startAt(field, items) });
}

async function complete(field, hint) {
  const { option, input } = field;
  const asked = input.value;
  let items = [], told = hint;
  try {
    items = (await act("complete", { command: chosen.command, option: option.name, typed: field.picked ? "" : asked, options: values(field) })).choices;
    if (!items.length) told = `${hint} — nothing fits`;
  } catch (error) {
    told = `${hint} — ${error.message}`;
  }
  if (input.value !== asked || document.activeElement !== input) return;
  openList(input, items, (item) => pick(field, item), { hint: told, index: startAt(field, items) });
}

// The first choice is taken by Enter where something is wanted or typed; an optional field left alone lets Enter send.
const startAt = (field, items) => (items.length && !field.picked && (field.option.required || field.input.value) ? 0 : -1);

function pick(field, item) {
  field.picked = item;
  field.input.value = item.name;
  widen(field.input);
  closeList();
  const next = fields.find((other) => other.option.required && !other.input.value);
  if (next) next.input.focus();
}

// The values so far; with `except`, what cannot be read is left out rather than told.
function values(except = null) {
  const result = {};
  for (const field of fields) {
    if (field === except || !field.input.value.trim()) continue;
    try {
      result[field.option.name] = valueOf(field);
    } catch (error) {
      if (!except) throw error;
    }
  }
  return result;
}

function valueOf({ option, input, picked }) {
  const text = input.value.trim();
  const wrong = (sentence) => { input.focus(); return new Error(sentence); };
  if (picked) return picked.value;
  if (isListed(option)) {
    const found = choicesOf(option).find((choice) => [choice.name, choice.name.slice(1)].some((name) => name.toLowerCase() === text.toLowerCase()));
    if (!found) throw wrong(`${option.label}: choose one of the list.`);
    return found.value;
  }
  if (option.type === INTEGER && !/^-?\d+$/.test(text)) throw wrong(`${option.label} must be a whole number.`);
  if (option.type === NUMBER && (!text || Number.isNaN(Number(text)))) throw wrong(`${option.label} must be a number.`);
  return option.type === INTEGER || option.type === NUMBER ? Number(text) : text;
}

// The list

function openList(input, items, picked, { hint, index }) {
  closeList();
  list = { input, items, index, pick: picked };
  offers.replaceChildren(...items.map((item, position) => {
    const row = make("li", { id: `offer-${position}` }, make("b", { textContent: item.name }));
    if (item.note) row.append(" ", make("span", { textContent: item.note }));
    row.setAttribute("role", "option");
    row.onmousedown = (event) => event.preventDefault();
    row.onclick = () => picked(item);
    return row;
  }));
  showHint(input, hint);
  expand(items.length > 0);
  mark();
}

function showHint(input, hint) {
  if (list.input !== input) closeList();
  list.input = input;
  find("hint").textContent = hint;
  panel.hidden = !hint;
}

function closeList() {
  list.input?.removeAttribute("aria-activedescendant");
  expand(false);
  list = { input: null, items: [], index: -1, pick: null };
  offers.replaceChildren();
  panel.hidden = true;
}

// Only fields are comboboxes: the message box, of several lines, may not say of itself that it is expanded.
function expand(open) {
  if (list.input?.getAttribute("role") === "combobox") list.input.setAttribute("aria-expanded", String(open));
}

function mark() {
  for (const [position, row] of [...offers.children].entries()) {
    row.setAttribute("aria-selected", String(position === list.index));
    if (position === list.index) row.scrollIntoView({ block: "nearest" });
  }
  if (list.index < 0) list.input.removeAttribute("aria-activedescendant");
  else list.input.setAttribute("aria-activedescendant", `offer-${list.index}`);
}

// Keys

function pressed(event, input) {
  if (event.isComposing) return;
  const open = list.input === input && list.items.length > 0;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (open && step) {
    const count = list.items.length;
    list.index = list.index < 0 ? (step > 0 ? 0 : count - 1) : (list.index + step + count) % count;
    mark();
  } else if (open && list.index >= 0 && (event.key === "Enter" || event.key === "Tab") && !event.shiftKey) {
    list.pick(list.items[list.index]);
  } else if (event.key === "Enter" && !event.shiftKey) {
    find("box").requestSubmit();
  } else if (event.key === "Escape" && (chosen || !panel.hidden)) {
    if (open || !chosen) closeList(); else { leave(""); typed.focus(); }
  } else if (event.key === "Backspace" && chosen && (input === typed || !input.value)) {
    const before = fields[fields.findIndex((field) => field.input === input) - 1];
    if (before && input !== typed) before.input.focus();
    else { leave(`/${chosen.name}`); typed.focus(); suggestCommands(); }
  } else return;
  event.preventDefault();
}

// Sending

async function send(event) {
  event.preventDefault();
  refuse("");
  try {
    if (chosen) {
      const missing = fields.find((field) => field.option.required && !field.input.value.trim());
      if (missing) { missing.input.focus(); throw new Error(`${missing.option.label} is needed.`); }
      await act("command", { command: chosen.command, options: values() });
    } else if (typed.value.startsWith("/")) throw new Error("Choose one of the commands; there is none of this name.");
    else if (typed.value.trim()) await act("say", { content: typed.value });
    leave("");
    typed.focus();
  } catch (error) {
    refuse(error.message);
  }
}

function fit() {
  typed.style.height = "auto";
  typed.style.height = `${typed.scrollHeight}px`;
  typed.style.width = chosen ? `${typed.value.length + 2}ch` : "";
}

function widen(input) {
  input.style.width = `${Math.max(input.value.length, 8) + 2}ch`;
}

// Who one is

export function drawBox() {
  const person = find("person"), channel = known.channels.get(view.channel);
  const people = known.people.filter((one) => !one.bot);
  person.replaceChildren(...people.map((one) => {
    const roles = one.roles.length ? ` (${one.roles.join(", ")})` : "";
    return make("option", { value: one.id, textContent: one.name + roles, selected: one.id === view.person });
  }));
  if (!chosen) typed.placeholder = channel ? `Message ${["#", "@"].includes(channel.mark) ? channel.mark : ""}${channel.name}` : "No channel to write to";
  forgetCommands();
}

function become(change) {
  Object.assign(view, change);
  leave("");
  refuse("");
  writeAddress();
  dispatchEvent(new HashChangeEvent("hashchange"));
  typed.focus();
}

const names = (code) => {
  const name = new Intl.DisplayNames([code], { type: "language" }).of(code);
  return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
};
find("language").replaceChildren(...LANGUAGES.map((code) => make("option", { value: code, textContent: names(code) })));
find("language").value = new URLSearchParams(location.hash.slice(1)).get("language") ?? "en-US";
find("language").onchange = (event) => become({ language: event.target.value });
find("person").onchange = (event) => become({ person: event.target.value });
find("box").onsubmit = send;
find("box").onfocusout = (event) => { if (!find("box").contains(event.relatedTarget)) closeList(); };
find("box").onfocusin = (event) => { if (list.input && event.target !== list.input) closeList(); };
typed.oninput = () => { refuse(""); fit(); if (typed.value.startsWith("/")) suggestCommands(); else closeList(); };
typed.onkeydown = (event) => pressed(event, typed);
typed.onfocus = () => { if (!chosen && typed.value.startsWith("/")) suggestCommands(); else if (chosen) showHint(typed, chosen.description); };
