// The page: a member's phone on the left, a customer's on the right, both kept fresh from the control surface.

import { avatar, element, messageParts } from "./messages.js";
import { clockTime, currentLanguage, switchLanguage, word } from "./words.js";

const REFRESH_MILLISECONDS = 2000;
const TYPING_MILLISECONDS = 250;
const MOST_CUSTOMERS = 50;
const find = (id) => document.getElementById(id);
const state = { member: null, customer: null, corp: "" };
const drawn = new Map();

async function call(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(`/sandbox/${path}`, options);
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

function personPath(kind, id, act = "") {
  return `${kind}/${encodeURIComponent(id)}${act}`;
}

/** Redraw `screen` only when what it shows has changed, so that nothing jumps under the reader's finger. */
function draw(screen, data, build) {
  const key = JSON.stringify([currentLanguage(), data]);
  if (drawn.get(screen) === key) return;
  drawn.set(screen, key);
  find(screen).replaceChildren(...build());
}

function emptyNote(text) {
  return element("p", "empty", text);
}

function personRow({ name, detail, badge, choose }) {
  const row = element("button", "person", "", [
    avatar(name),
    element("span", "who", "", [element("b", "", name), element("small", "", detail)]),
    ...(badge ? [element("span", "badge", badge)] : []),
  ]);
  row.type = "button";
  row.addEventListener("click", choose);
  return row;
}

// The member's phone

async function showMembers() {
  const { members } = await call("members");
  const search = find("member-search").value.trim().toLowerCase();
  const found = members.filter(({ userid, name }) => `${name} ${userid}`.toLowerCase().includes(search));
  found.sort((one, other) => other.waiting - one.waiting);
  draw("member-screen", ["members", found], () => {
    if (!found.length) return [emptyNote(word(members.length ? "nothingFound" : "noMembers"))];
    return found.map((member) =>
      personRow({
        name: member.name,
        detail: member.userid,
        badge: member.waiting ? word("waiting", { n: member.waiting }) : "",
        choose: () => open("member", member),
      }),
    );
  });
}

async function showTasks() {
  const { name, waiting } = await call(personPath("members", state.member.userid));
  draw("member-screen", [name, waiting], () =>
    waiting.length ? waiting.map(taskCard) : [emptyNote(word("nothingWaiting", { name }))],
  );
}

function taskCard(task) {
  const count = word(task.recipients === 1 ? "oneRecipient" : "recipients", { n: task.recipients });
  const facts = [clockTime(task.create_time), count, ...(task.reminded ? [word("reminded")] : [])];
  const confirm = element("button", "primary", word("confirm"));
  const later = element("button", "", word("later"));
  confirm.type = later.type = "button";
  confirm.addEventListener("click", () =>
    act([confirm, later], async () => {
      const totals = await call(personPath("members", state.member.userid, "/confirm"), { msgid: task.msgid });
      toast(word("result", { sent: totals.sent, notFriend: totals.not_friend, capped: totals.capped }));
    }),
  );
  later.addEventListener("click", () =>
    act([confirm, later], async () => {
      await call(personPath("members", state.member.userid, "/ignore"), { msgid: task.msgid });
      toast(word("putAside"));
    }),
  );
  return element("article", "task", "", [
    element("h3", "", word("asks")),
    element("p", "facts", facts.join(" · ")),
    element("div", "preview", "", messageParts(task)),
    element("div", "buttons", "", [confirm, later]),
  ]);
}

async function act(buttons, work) {
  for (const button of buttons) button.disabled = true;
  try {
    await work();
  } catch (error) {
    notice(error.message);
  }
  drawn.delete("member-screen");
  await refresh();
}

let toastTimer;

function toast(text) {
  const node = find("member-toast");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (node.hidden = true), 6000);
}

// The customer's phone

async function showCustomers() {
  const search = encodeURIComponent(find("customer-search").value);
  const { total, customers } = await call(`customers?limit=${MOST_CUSTOMERS}&search=${search}`);
  draw("customer-screen", ["customers", total, customers], () => {
    if (!total) return [emptyNote(word(search ? "nothingFound" : "noCustomers"))];
    const rows = customers.map((customer) =>
      personRow({
        name: customer.name,
        detail: customer.members.length
          ? word("followedBy", { names: customer.members.join(", ") })
          : word("notFollowed"),
        badge: customer.received ? word("received", { n: customer.received }) : "",
        choose: () => open("customer", customer),
      }),
    );
    if (total > customers.length) rows.push(emptyNote(word("shown", { shown: customers.length, total })));
    return rows;
  });
}

async function showChat() {
  const screen = find("customer-screen");
  const { name, inbox } = await call(personPath("customers", state.customer.external_userid));
  const before = drawn.get("customer-screen");
  draw("customer-screen", [name, inbox], () =>
    inbox.length ? inbox.map(chatMessage) : [emptyNote(word("noMessages", { name }))],
  );
  if (drawn.get("customer-screen") !== before) screen.scrollTop = screen.scrollHeight;
}

function chatMessage(message) {
  const sender = element("p", "sender", message.member, [element("span", "corp", ` @${state.corp}`)]);
  return element("article", "message", "", [
    element("p", "time", clockTime(message.time)),
    element("div", "line", "", [avatar(message.member), element("div", "parts", "", [sender, ...messageParts(message)])]),
  ]);
}

// Both

function open(kind, person) {
  state[kind] = person;
  find(`${kind}-screen`).scrollTop = 0;
  if (kind === "member") find("member-toast").hidden = true;
  refresh();
}

function label(kind, id) {
  const person = state[kind];
  find(`${kind}-title`).textContent = person ? person.name : word(`${kind}s`);
  find(`${kind}-back`).hidden = !person;
  find(`${kind}-back`).setAttribute("aria-label", word("back"));
  const search = find(`${kind}-search`);
  search.parentElement.hidden = Boolean(person);
  search.placeholder = word(id);
  search.setAttribute("aria-label", word(id));
}

function showWords() {
  document.documentElement.lang = currentLanguage() === "zh" ? "zh-CN" : "en";
  document.title = word("title");
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  label("member", "searchMembers");
  label("customer", "searchCustomers");
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
      await Promise.all([state.member ? showTasks() : showMembers(), state.customer ? showChat() : showCustomers()]);
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
    state.member = state.customer = null;
    notice(error.message);
  }
}

function start() {
  for (const kind of ["member", "customer"]) {
    let typing;
    find(`${kind}-back`).addEventListener("click", () => open(kind, null));
    find(`${kind}-search`).addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(refresh, TYPING_MILLISECONDS);
    });
  }
  for (const [id, seconds] of [["hour", 3600], ["day", 86400]]) {
    find(id).addEventListener("click", () => act([], () => call("clock", { advance: seconds })));
  }
  // A picture takes its room only when it has arrived: keep the newest message in sight then, too.
  find("customer-screen").addEventListener(
    "load",
    ({ target, currentTarget: screen }) => {
      const below = screen.scrollHeight - screen.scrollTop - screen.clientHeight;
      if (state.customer && below <= target.offsetHeight + 40) screen.scrollTop = screen.scrollHeight;
    },
    true,
  );
  find("language").addEventListener("click", () => {
    switchLanguage();
    refresh();
  });
  refresh();
  setInterval(() => document.hidden || refresh(), REFRESH_MILLISECONDS);
}

start();
