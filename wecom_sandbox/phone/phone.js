// The page: a member's phone on the left, a customer's on the right, both kept fresh from the control surface.

import { keepNewestInSight, showCustomerPhone } from "./customer_phone.js";
import { postOwn } from "./member_moments.js";
import { closeForm, newcomer, showMemberPhone } from "./member_phone.js";
import { act, call, find, forget, state } from "./page.js";
import { clockTime, currentLanguage, switchLanguage, word } from "./words.js";

const REFRESH_MILLISECONDS = 2000;
const TYPING_MILLISECONDS = 250;
const KINDS = ["member", "customer"];

function open(kind, person) {
  state[kind] = person;
  state.tabs[kind] = kind === "member" ? "tasks" : "chat";
  turnTo(kind, state.tabs[kind]);
}

function turnTo(kind, tab) {
  state.tabs[kind] = tab;
  if (kind === "member") state.editing = null;
  find(`${kind}-search`).value = "";
  find(`${kind}-screen`).scrollTop = 0;
  find(`${kind}-toast`).hidden = true;
  forget(`${kind}-screen`);
  refresh();
}

function back(kind) {
  if (kind === "member" && state.editing) closeForm();
  else open(kind, null);
}

function label(kind) {
  const person = state[kind];
  const inCustomers = kind === "member" && person && !state.editing && state.tabs.member === "customers";
  find(`${kind}-title`).textContent = person ? person.name : word(`${kind}s`);
  find(`${kind}-back`).hidden = !person;
  find(`${kind}-back`).setAttribute("aria-label", word("back"));
  find(`${kind}-tabs`).hidden = !person || (kind === "member" && Boolean(state.editing));
  for (const tab of find(`${kind}-tabs`).children) {
    tab.setAttribute("aria-pressed", String(tab.dataset.tab === state.tabs[kind]));
  }
  const search = find(`${kind}-search`);
  const words = kind === "member" && !person ? word("searchMembers") : word("searchCustomers");
  search.parentElement.hidden = Boolean(person) && !inCustomers;
  search.placeholder = words;
  search.setAttribute("aria-label", words);
  if (kind === "member") {
    find("newcomer").hidden = !inCustomers;
    find("poster").hidden = !person || Boolean(state.editing) || state.tabs.member !== "moments";
  }
}

function showWords() {
  document.documentElement.lang = currentLanguage() === "zh" ? "zh-CN" : "en";
  document.title = word("title");
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  find("newcomer-name").placeholder = word("anyName");
  find("newcomer-name").setAttribute("aria-label", word("anyName"));
  find("poster-text").placeholder = word("ownMoment");
  find("poster-text").setAttribute("aria-label", word("ownMoment"));
  find("poster-pictures").setAttribute("aria-label", word("pictures"));
  for (const option of find("poster-pictures").options) option.text = word("nPictures", { n: option.value });
  for (const kind of KINDS) label(kind);
}

function notice(text) {
  find("notice").textContent = text;
  find("notice").hidden = !text;
}

async function showBar() {
  const [overview, counters] = await Promise.all([call("overview"), call("counters")]);
  state.corp = overview.corp_name;
  find("scenario").textContent = word(overview.scenario);
  find("clock").textContent = clockTime(overview.now, true);
  find("calls").textContent = counters.total.toLocaleString();
}

let refreshing = false;
let again = false;

/** Fetch and show everything on screen; calls while one runs are gathered into one more. */
async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    do {
      again = false;
      showWords();
      await showBar();
      await Promise.all([showMemberPhone(open), showCustomerPhone(open)]);
      notice("");
    } while (again);
  } catch (error) {
    showFailure(error);
  } finally {
    refreshing = false;
  }
}

/** A person who is gone (the sandbox was reset, the member left) closes his phone; anything else is said. */
function showFailure(error) {
  if (error instanceof TypeError) {
    notice(word("unreachable"));
  } else {
    state.member = state.customer = state.editing = null;
    notice(error.message);
  }
}

function start() {
  for (const kind of KINDS) {
    let typing;
    find(`${kind}-back`).addEventListener("click", () => back(kind));
    find(`${kind}-search`).addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(refresh, TYPING_MILLISECONDS);
    });
    for (const tab of find(`${kind}-tabs`).children) {
      tab.addEventListener("click", () => turnTo(kind, tab.dataset.tab));
    }
  }
  for (const [id, seconds] of [["hour", 3600], ["day", 86400]]) {
    find(id).addEventListener("click", () => act("member", [], () => call("clock", { advance: seconds })));
  }
  find("newcomer").addEventListener("submit", newcomer);
  find("poster").addEventListener("submit", postOwn);
  find("customer-screen").addEventListener("load", keepNewestInSight, true);
  find("language").addEventListener("click", () => {
    switchLanguage();
    refresh();
  });
  document.addEventListener("changed", refresh);
  refresh();
  setInterval(() => document.hidden || refresh(), REFRESH_MILLISECONDS);
}

start();
