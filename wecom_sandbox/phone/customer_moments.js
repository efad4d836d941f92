// The customer's feed: the moments of the members he has added, what he likes, says, and does not want to see.

import { drawPosts, post } from "./moments.js";
import { act, button, call, emptyNote, personPath, state } from "./page.js";
import { clockTime, word } from "./words.js";

function send(path, body) {
  return call(personPath("customers", state.customer.external_userid, path), body);
}

/** Draw the feed of the customer. */
export async function showFeed() {
  const { name, moments, not_interested_until: until } = await send("/moments");
  const { now } = await call("clock");
  const hidden = until > now;
  drawPosts("customer-screen", ["feed", name, moments, hidden && until], () => {
    if (hidden) return [emptyNote(word("hiddenUntil", { time: clockTime(until) }))];
    return moments.length ? moments.map(seenPost) : [emptyNote(word("emptyFeed", { name }))];
  });
}

function seenPost(moment) {
  const { moment_id: id, userid } = moment;
  const refuse = button(word("notInterested"), "small quiet", (node) =>
    act("customer", [node], () => send("/not_interested", {})),
  );
  return post(moment, {
    owner: state.customer.external_userid,
    liked: moment.likes.some((like) => like.external_userid === state.customer.external_userid),
    like: (undo, node) => act("customer", [node], () => send("/like", { moment_id: id, userid, undo })),
    comment: (text, node) => act("customer", [node], () => send("/comment", { moment_id: id, userid, text })),
    more: [refuse],
  });
}
