// The member's phone: who he is, the broadcasts that wait for him, his customers and what he notes about them.

import { showMemberMoments, showNotices } from "./member_moments.js";
import { element, messageParts } from "./messages.js";
import { act, button, call, draw, emptyNote, find, forget, personPath, personRow, state, toast } from "./page.js";
import { clockTime, word } from "./words.js";

const MOST_CUSTOMERS = 50;

/** Draw what is open on the member's phone. */
export function showMemberPhone(open) {
  if (!state.member) return showMembers(open);
  if (state.editing) return showForm();
  return { tasks: showTasks, moments: showMemberMoments, notices: showNotices, customers: showCustomers }[state.tabs.member]();
}

async function showMembers(open) {
  const { members } = await call("members");
  const search = find("member-search").value.trim().toLowerCase();
  const found = members.filter(({ userid, name }) => `${name} ${userid}`.toLowerCase().includes(search));
  const waits = ({ waiting, moments }) => waiting + moments;
  found.sort((one, other) => waits(other) - waits(one));
  draw("member-screen", ["members", found], () => {
    if (!found.length) return [emptyNote(word(members.length ? "nothingFound" : "noMembers"))];
    return found.map((member) =>
      personRow({
        name: member.name,
        detail: member.userid,
        badge: waits(member) ? word("waiting", { n: waits(member) }) : "",
        choose: () => open("member", member),
      }),
    );
  });
}

// Broadcasts

async function showTasks() {
  const { name, waiting } = await call(personPath("members", state.member.userid));
  draw("member-screen", [name, waiting], () =>
    waiting.length ? waiting.map(taskCard) : [emptyNote(word("nothingWaiting", { name }))],
  );
}

function taskCard(task) {
  const count = word(task.recipients === 1 ? "oneRecipient" : "recipients", { n: task.recipients });
  const facts = [clockTime(task.create_time), count, ...(task.reminded ? [word("reminded")] : [])];
  const decide = (path, said) =>
    act("member", [confirm, later], async () => {
      const totals = await call(personPath("members", state.member.userid, path), { msgid: task.msgid });
      toast("member", said(totals));
    });
  const result = (totals) =>
    word("result", { sent: totals.sent, notFriend: totals.not_friend, capped: totals.capped });
  const confirm = button(word("confirm"), "primary", () => decide("/confirm", result));
  const later = button(word("later"), "", () => decide("/ignore", () => word("putAside")));
  return element("article", "task", "", [
    element("h3", "", word("asks")),
    element("p", "facts", facts.join(" · ")),
    element("div", "preview", "", messageParts(task)),
    element("div", "buttons", "", [confirm, later]),
  ]);
}

// Customers

async function showCustomers() {
  const search = encodeURIComponent(find("member-search").value);
  const path = personPath("members", state.member.userid, `/customers?limit=${MOST_CUSTOMERS}&search=${search}`);
  const { total, customers } = await call(path);
  draw("member-screen", ["customers", total, customers], () => {
    if (!total) return [emptyNote(word(search ? "nothingFound" : "noOwnCustomers"))];
    const rows = customers.map((customer) =>
      personRow({
        name: customer.remark || customer.name,
        detail: [...(customer.remark ? [customer.name] : []), clockTime(customer.createtime)].join(" · "),
        badge: { half: word("notAccepted"), deleted_by_customer: word("deletedMe") }[customer.relation],
        choose: () => edit(customer),
      }),
    );
    if (total > customers.length) rows.push(emptyNote(word("shown", { shown: customers.length, total })));
    return rows;
  });
}

function edit(customer) {
  state.editing = customer;
  find("member-toast").hidden = true;
  find("member-screen").scrollTop = 0;
  forget("member-screen");
  document.dispatchEvent(new Event("changed"));
}

/** Close the form about a customer. */
export function closeForm() {
  edit(null);
}

/** A new customer scans the member's code, named as typed or at random. */
export function newcomer(submitted) {
  submitted.preventDefault();
  const name = find("newcomer-name");
  return act("member", [submitted.submitter], async () => {
    const path = personPath("members", state.member.userid, "/new_customer");
    const customer = await call(path, { name: name.value });
    name.value = "";
    toast("member", word("hasAdded", { name: customer.name }));
  });
}

/** The form is drawn once when it opens, so that nothing typed is lost to the refreshing. */
async function showForm() {
  const customer = state.editing;
  const { tag_group: groups } = await call("tags");
  draw("member-screen", ["form", customer.external_userid, groups], () => [
    customer.relation === "half" ? acceptance(customer) : form(customer, groups),
  ]);
}

function decide(customer, buttons, path, body, said) {
  return act("member", buttons, async () => {
    await call(path, body);
    if (state.editing === customer) closeForm();
    toast("member", said);
  });
}

function removal(customer) {
  const path = personPath("members", state.member.userid, "/delete_customer");
  const body = { external_userid: customer.external_userid };
  return button(word("deleteCustomer"), "danger", (node) => decide(customer, [node], path, body, word("deleted")));
}

function acceptance(customer) {
  const path = personPath("customers", customer.external_userid, "/add_member");
  const body = { userid: state.member.userid };
  const accept = button(word("accept"), "primary", (node) => decide(customer, [node], path, body, word("accepted")));
  return element("section", "task", "", [
    element("h3", "", word("asksToBeAdded", { name: customer.name })),
    element("div", "buttons", "", [accept, removal(customer)]),
  ]);
}

function field(label, tag, value, maximum) {
  const input = element(tag);
  input.value = value;
  if (maximum) input.maxLength = maximum;
  return { input, label: element("label", "field", "", [element("span", "", label), input]) };
}

function tagChoice(tag, chosen) {
  const box = element("input");
  box.type = "checkbox";
  box.value = tag.id;
  box.checked = chosen.includes(tag.id);
  return { box, chip: element("label", "chip", "", [box, element("span", "", tag.name)]) };
}

function form(customer, groups) {
  const remark = field(word("remark"), "input", customer.remark, 20);
  const mobiles = field(word("mobiles"), "input", customer.remark_mobiles.join(", "));
  const company = field(word("company"), "input", customer.remark_corp_name, 20);
  const description = field(word("description"), "textarea", customer.description, 150);
  const choices = groups.map((group) => ({ group, tags: group.tag.map((tag) => tagChoice(tag, customer.tag_id)) }));
  const boxes = choices.flatMap(({ tags }) => tags.map(({ box }) => box));
  const body = () => ({
    external_userid: customer.external_userid,
    remark: remark.input.value.trim(),
    description: description.input.value.trim(),
    remark_corp_name: company.input.value.trim(),
    remark_mobiles: mobiles.input.value.split(/[,，、;；\s]+/).filter(Boolean),
    tag_id: boxes.filter((box) => box.checked).map((box) => box.value),
  });
  const path = personPath("members", state.member.userid, "/edit_customer");
  const save = button(word("save"), "primary", (node) => decide(customer, [node], path, body(), word("saved")));
  return element("section", "task form", "", [
    element("h3", "", customer.name),
    element("p", "facts", customer.external_userid),
    ...[remark, mobiles, company, description].map(({ label }) => label),
    ...choices.map(({ group, tags }) =>
      element("fieldset", "", "", [element("legend", "", group.group_name), ...tags.map(({ chip }) => chip)]),
    ),
    element("div", "buttons", "", [save, removal(customer)]),
  ]);
}
