// The customer's phone: who he is, the messages he received, the members he has added and deleted.

import { showFeed } from "./customer_moments.js";
import { avatar, element, messageParts } from "./messages.js";
import { act, button, call, draw, emptyNote, find, personPath, personRow, state } from "./page.js";
import { clockTime, word } from "./words.js";

const MOST_CUSTOMERS = 50;

/** Draw what is open on the customer's phone. */
export function showCustomerPhone(open) {
  if (!state.customer) return showCustomers(open);
  return { chat: showChat, moments: showFeed, members: showMembers }[state.tabs.customer]();
}

async function showCustomers(open) {
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
  const isNew = draw("customer-screen", [name, inbox], () =>
    inbox.length ? inbox.map(chatMessage) : [emptyNote(word("noMessages", { name }))],
  );
  if (isNew) screen.scrollTop = screen.scrollHeight;
}

function chatMessage(message) {
  const sender = element("p", "sender", message.member, [element("span", "corp", ` @${state.corp}`)]);
  return element("article", "message", "", [
    element("p", "time", clockTime(message.time)),
    element("div", "line", "", [avatar(message.member), element("div", "parts", "", [sender, ...messageParts(message)])]),
  ]);
}

/** A picture takes its room only when it has arrived: keep the newest message in sight then, too. */
export function keepNewestInSight({ target, currentTarget: screen }) {
  const below = screen.scrollHeight - screen.scrollTop - screen.clientHeight;
  const chatting = state.customer && state.tabs.customer === "chat";
  if (chatting && below <= target.offsetHeight + 40) screen.scrollTop = screen.scrollHeight;
}

// The members he has added

async function showMembers() {
  const [{ follows }, { members }] = await Promise.all([
    call(personPath("customers", state.customer.external_userid)),
    call("members"),
  ]);
  const known = new Set(follows.map(({ userid }) => userid));
  const others = members.filter(({ userid }) => !known.has(userid)).map(({ userid, name }) => ({ userid, name }));
  draw("customer-screen", ["follows", follows, others], () => [
    ...follows.map(followRow),
    ...(others.length ? [addition(others)] : []),
  ]);
}

function press(node, path, userid) {
  const customer = state.customer.external_userid;
  return act("customer", [node], () => call(personPath("customers", customer, path), { userid }));
}

function followRow({ userid, name, relation, member_left: hasLeft }) {
  const details = {
    full: word("connected"),
    half: word("notAccepted"),
    deleted_by_member: word("deletedByMember"),
    deleted_by_customer: word("deletedByCustomer"),
  };
  const connected = relation === "full" || relation === "half";
  const choice = connected
    ? button(word("deleteMember"), "small danger", (node) => press(node, "/delete_member", userid))
    : button(word("addAgain"), "small", (node) => press(node, "/add_member", userid));
  return personRow({ name, detail: hasLeft ? word("hasLeft") : details[relation], more: hasLeft ? [] : [choice] });
}

function addition(members) {
  const choice = element("select", "", "", members.map(({ userid, name }) => new Option(name, userid)));
  choice.setAttribute("aria-label", word("members"));
  const add = button(word("addMember"), "small", (node) => press(node, "/add_member", choice.value));
  return element("div", "new", "", [choice, add]);
}
