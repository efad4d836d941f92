// What both phones are drawn with, and how they reach the control surface.

import { avatar, element } from "./messages.js";
import { currentLanguage } from "./words.js";

const TOAST_MILLISECONDS = 6000;
const drawn = new Map();
const toastTimers = {};

/** Who and what is open: `member` and `customer` are null in the lists, `editing` is the customer in the form. */
export const state = { member: null, customer: null, editing: null, tabs: { member: "tasks", customer: "chat" }, corp: "" };

export const find = (id) => document.getElementById(id);

/** GET `path` of the control surface, POST with a `body`; throws an Error with the reason of a refusal. */
export async function call(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(`/sandbox/${path}`, options);
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

export function personPath(kind, id, act = "") {
  return `${kind}/${encodeURIComponent(id)}${act}`;
}

/** Redraw `screen` only when what it shows has changed, so that nothing jumps under the reader's finger. */
export function draw(screen, data, build) {
  const key = JSON.stringify([currentLanguage(), data]);
  if (drawn.get(screen) === key) return false;
  drawn.set(screen, key);
  find(screen).replaceChildren(...build());
  return true;
}

/** Let the next `draw` of `screen` happen whatever it shows. */
export function forget(screen) {
  drawn.delete(screen);
}

export function emptyNote(text) {
  return element("p", "empty", text);
}

export function button(text, className, press) {
  const node = element("button", className, text);
  node.type = "button";
  node.addEventListener("click", () => press(node));
  return node;
}

/** A line with a sign, a name and a detail: something to press with `choose`, else with the nodes `more` at its end. */
export function personRow({ name, detail, badge, choose, more = [] }) {
  const row = element(choose ? "button" : "div", "person", "", [
    avatar(name),
    element("span", "who", "", [element("b", "", name), element("small", "", detail)]),
    ...(badge ? [element("span", "badge", badge)] : []),
    ...more,
  ]);
  if (choose) {
    row.type = "button";
    row.addEventListener("click", choose);
  }
  return row;
}

/** Say `text` at the bottom of a phone for some seconds. */
export function toast(kind, text) {
  const node = find(`${kind}-toast`);
  node.textContent = text;
  node.hidden = false;
  clearTimeout(toastTimers[kind]);
  toastTimers[kind] = setTimeout(() => (node.hidden = true), TOAST_MILLISECONDS);
}

/** Do `work` on the phone `kind` with `buttons` disabled; a refusal is said on the phone. Returns whether it worked. */
export async function act(kind, buttons, work) {
  for (const node of buttons) node.disabled = true;
  try {
    await work();
    return true;
  } catch (error) {
    toast(kind, error.message);
    return false;
  } finally {
    for (const node of buttons) node.disabled = false;
    document.dispatchEvent(new Event("changed"));
  }
}
