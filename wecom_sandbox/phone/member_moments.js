// The member's moments: those that wait for his consent, his own, how customers reacted; and the app's messages.

import { element } from "./messages.js";
import { drawPosts, momentParts, post } from "./moments.js";
import { act, button, call, draw, emptyNote, find, personPath, state, toast } from "./page.js";
import { clockTime, word } from "./words.js";

function send(path, body) {
  return call(personPath("members", state.member.userid, path), body);
}

/** Draw the moments of the member. */
export async function showMemberMoments() {
  const { name, waiting, published } = await send("/moments");
  drawPosts("member-screen", ["moments", name, waiting, published], () => [
    ...waiting.map(request),
    ...(waiting.length ? [] : [emptyNote(word("noMomentWaits", { name }))]),
    ...published.map(ownPost),
  ]);
}

function request(moment) {
  const decide = (path, said) =>
    act("member", [agree, later], async () => toast("member", said(await send(path, { moment_id: moment.moment_id }))));
  const agree = button(word("publish"), "primary", () => decide("/publish", (totals) => word("publishedTo", totals)));
  const later = button(word("later"), "", () => decide("/ignore_moment", () => word("momentPutAside")));
  const range = word(moment.partly_visible ? "forSome" : "forAll");
  return element("article", "task", "", [
    element("h3", "", word("asksToPublish")),
    element("p", "facts", `${clockTime(moment.create_time)} · ${range}`),
    element("div", "preview moment", "", momentParts(moment)),
    element("div", "buttons", "", [agree, later]),
  ]);
}

function ownPost(moment) {
  const { moment_id: id, viewers, audience } = moment;
  const mine = ({ userid }) => userid === moment.userid;
  const remove = button(word("deleteMoment"), "small danger", (node) =>
    act("member", [node], () => send("/delete_moment", { moment_id: id })),
  );
  return post(moment, {
    owner: "member",
    facts: [word("maySee", { viewers, audience })],
    liked: moment.likes.some(mine),
    like: (undo, node) => act("member", [node], () => send("/like_moment", { moment_id: id, undo })),
    comment: (text, node) => act("member", [node], () => send("/comment_moment", { moment_id: id, text })),
    more: moment.create_type ? [remove] : [],
  });
}

/** The member posts a moment of his own. */
export function postOwn(submitted) {
  submitted.preventDefault();
  const text = find("poster-text");
  const body = { text: text.value, sample_pictures: Number(find("poster-pictures").value) };
  return act("member", [submitted.submitter], async () => {
    await send("/moment", body);
    text.value = "";
    toast("member", word("posted"));
  });
}

/** Draw the messages of the app to the member. */
export async function showNotices() {
  const { name, notices } = await send("/moments");
  draw("member-screen", ["notices", name, notices], () =>
    notices.length ? notices.map(notice) : [emptyNote(word("noNotices", { name }))],
  );
}

function notice({ time, text, textcard: card }) {
  const parts = card
    ? [element("h3", "", card.title), element("p", "words", card.description), opening(card)]
    : [element("p", "words", text)];
  return element("article", "task notice-card", "", [element("p", "facts", clockTime(time)), ...parts]);
}

function opening({ url, btntxt }) {
  const link = element("a", "", btntxt || word("details"));
  if (/^https?:\/\//i.test(url)) {
    link.href = url;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  return link;
}
