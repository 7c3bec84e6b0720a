// What all parts of the page share: who looks at what, what the server has told, and how it is asked.
export const view = { channel: "", person: "", language: "en-US", key: "" };
export const known = { channels: new Map(), messages: new Map(), people: [], roles: [] };

export const find = (id) => document.getElementById(id);

export function make(kind, properties = {}, ...children) {
  const element = Object.assign(document.createElement(kind), properties);
  element.append(...children);
  return element;
}

// The choice stands in the address, so that two tabs can be two people, and a reload changes nothing; and the key to this run of
// the sandbox, behind "#", where it is sent to nobody.
export function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  view.channel = words.get("channel") ?? "";
  view.person = words.get("as") ?? "";
  view.language = words.get("language") ?? "en-US";
  view.key = words.get("key") ?? "";
}

export function writeAddress() {
  const words = new URLSearchParams({ channel: view.channel, as: view.person, language: view.language, key: view.key });
  history.replaceState(null, "", `#${words}`);
}

const here = () => ({ as: view.person, channel: view.channel, language: view.language });

// Returns where something is asked, with the key.
export const address = (name, words = {}) => `/live/${name}?${new URLSearchParams({ ...words, key: view.key })}`;

// Asks for something; throws an Error whose message is the server's sentence.
export async function fetchJson(name) {
  const answer = await fetch(address(name, here()));
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

// Does something as the person chosen; throws an Error whose message is the server's sentence.
export async function act(name, body) {
  let answer;
  try {
    answer = await fetch(address(name), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...here(), ...body }),
    });
  } catch {
    throw new Error("The sandbox does not answer; it may have been stopped.");
  }
  const result = await answer.json().catch(() => ({ error: `The sandbox answers with status ${answer.status}.` }));
  if (!answer.ok) throw new Error(result.error);
  return result;
}
