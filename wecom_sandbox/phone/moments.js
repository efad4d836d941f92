// How a moment looks on a phone: who and which company, text, pictures, film or link, likes and comments.

import { avatar, element, mediaAddress, picture } from "./messages.js";
import { button, draw, find, state } from "./page.js";
import { clockTime, word } from "./words.js";

const drafts = new Map(); // what is being typed under a post, so that the refreshing loses nothing

/** Draw `screen`; the cursor stays in the comment that is being typed. */
export function drawPosts(screen, data, build) {
  const typing = document.activeElement?.dataset.draft;
  if (draw(screen, data, build) && typing) find(screen).querySelector(`[data-draft="${CSS.escape(typing)}"]`)?.focus();
}

function pictures(attachments) {
  const cells = attachments.map(({ image }) => picture(mediaAddress(image.media_id), "photo", word("picture")));
  return element("div", `gallery of${cells.length === 4 ? 4 : Math.min(cells.length, 3)}`, "", cells);
}

function film({ media_id: mediaId, thumb_media_id: still }) {
  const video = element("video", "photo");
  video.src = mediaAddress(mediaId);
  if (still) video.poster = mediaAddress(still);
  video.controls = true;
  video.preload = "none";
  video.setAttribute("aria-label", word("video"));
  return element("div", "gallery of1", "", [video]);
}

function link({ title, url, media_id: cover }) {
  const card = element("a", "link-row", "", [
    picture(mediaAddress(cover), "thumb", ""),
    element("span", "", title || url),
  ]);
  if (/^https?:\/\//i.test(url)) {
    card.href = url;
    card.target = "_blank";
    card.rel = "noopener noreferrer";
  }
  return card;
}

/** The elements of a moment's content. */
export function momentParts({ text, attachments, location }) {
  const parts = text ? [element("p", "words", text.content)] : [];
  const [first] = attachments;
  if (first?.msgtype === "image") parts.push(pictures(attachments));
  if (first?.msgtype === "video") parts.push(film(first.video));
  if (first?.msgtype === "link") parts.push(link(first.link));
  if (location) parts.push(element("p", "place", location.name));
  return parts;
}

function reactions({ likes, comments }) {
  if (!likes.length && !comments.length) return [];
  const lines = likes.length ? [element("p", "likes", likes.map(({ name }) => name).join(", "))] : [];
  for (const { name, text } of comments) {
    lines.push(element("p", "", "", [element("b", "", name), `: ${text}`]));
  }
  return [element("div", "reactions", "", lines)];
}

function commentForm(key, send) {
  const input = element("input");
  input.dataset.draft = key;
  input.value = drafts.get(key) ?? "";
  input.maxLength = 500;
  input.required = true;
  input.placeholder = word("comment");
  input.setAttribute("aria-label", word("comment"));
  input.addEventListener("input", () => drafts.set(key, input.value));
  const form = element("form", "say", "", [input, element("button", "small", word("send"))]);
  form.hidden = !drafts.has(key);
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    if (!input.value.trim()) return;
    if (await send(input.value.trim(), submitted.submitter)) {
      drafts.delete(key);
      form.hidden = true;
    }
  });
  return form;
}

/**
 * One post with what can be done to it: `like(undo, node)` and `comment(text, node)` act, `liked` says whether he did;
 * `facts` stand beside the time, `more` after the buttons.
 */
export function post(moment, { owner, like, comment, liked, facts = [], more = [] }) {
  const form = commentForm(`${owner} ${moment.moment_id} ${moment.userid}`, comment);
  const say = button(word("comment"), "small", () => {
    form.hidden = !form.hidden;
    if (!form.hidden) form.querySelector("input").focus();
  });
  const thumb = button(word(liked ? "unlike" : "like"), "small", (node) => like(liked, node));
  thumb.setAttribute("aria-pressed", String(liked));
  const author = element("p", "author", moment.member, [element("span", "corp", ` @${state.corp}`)]);
  return element("article", "post", "", [
    avatar(moment.member),
    element("div", "body", "", [
      author,
      ...momentParts(moment),
      element("p", "facts", [clockTime(moment.published_at), ...facts].join(" · ")),
      element("div", "acts", "", [thumb, say, ...more]),
      ...reactions(moment),
      form,
    ]),
  ]);
}
