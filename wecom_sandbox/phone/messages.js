// How the parts of a message look on a phone: text, picture, link card, mini-program card, video, file.

import { word } from "./words.js";

/** An element with a class, text and children; text is never read as HTML. */
export function element(tag, className = "", text = "", children = []) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  node.append(...children);
  return node;
}

/** Where the page finds an uploaded file. */
export function mediaAddress(mediaId) {
  return `/sandbox/media/${encodeURIComponent(mediaId)}`;
}

/** The address of a picture the sandbox itself keeps; null for one elsewhere, which this page does not load. */
function ownAddress(url) {
  const match = /^https?:\/\/[^/]+(\/pic_wework\/\w+\/0)$/.exec(url ?? "");
  return match ? match[1] : null;
}

/** A picture, or a grey field with a word when it cannot be shown. */
export function picture(address, className, description) {
  if (!address) return element("span", `${className} blank`);
  const image = element("img", className);
  image.src = address;
  image.alt = description;
  image.addEventListener("error", () => image.replaceWith(element("span", `${className} blank`, word("gone"))));
  return image;
}

const PARTS = {
  image({ media_id: mediaId, pic_url: url }) {
    const address = mediaId ? mediaAddress(mediaId) : ownAddress(url);
    return element("div", "part image", "", [picture(address, "photo", word("picture"))]);
  },
  link({ title, desc, url, picurl }) {
    const card = element("a", "part card link", "", [
      element("b", "", title),
      element("div", "row", "", [element("span", "desc", desc || url), picture(ownAddress(picurl), "thumb", "")]),
    ]);
    if (/^https?:\/\//i.test(url)) {
      card.href = url;
      card.target = "_blank";
      card.rel = "noopener noreferrer";
    }
    return card;
  },
  miniprogram({ title, pic_media_id: cover }) {
    return element("div", "part card mini", "", [
      element("b", "", title),
      picture(cover ? mediaAddress(cover) : null, "cover", title),
      element("small", "", word("miniProgram")),
    ]);
  },
  video({ media_id: mediaId }) {
    const video = element("video", "photo");
    video.src = mediaAddress(mediaId);
    video.controls = true;
    video.preload = "metadata";
    video.setAttribute("aria-label", word("video"));
    return element("div", "part image", "", [video]);
  },
  file({ media_id: mediaId, filename, size }) {
    const details = size === undefined ? word("gone") : `${Math.max(1, Math.round(size / 1024))} KB`;
    const card = element("a", "part card file", "", [
      element("span", "sheet"),
      element("span", "", "", [element("b", "", filename ?? word("file")), element("small", "", details)]),
    ]);
    if (size !== undefined) card.href = mediaAddress(mediaId);
    return card;
  },
};

/** The elements of one message, in the order they arrive: the text, then each attachment. */
export function messageParts({ text, attachments }) {
  const parts = text ? [element("div", "part bubble", text.content)] : [];
  for (const attachment of attachments) parts.push(PARTS[attachment.msgtype](attachment[attachment.msgtype]));
  return parts;
}

/** A round sign with the last character of a name, in a colour of its own. */
export function avatar(name) {
  const sign = element("span", "avatar", name.trim().slice(-1) || "?");
  const sum = [...name].reduce((total, character) => total + character.codePointAt(0), 0);
  sign.classList.add(`tone${sum % 6}`);
  sign.setAttribute("aria-hidden", "true");
  return sign;
}
