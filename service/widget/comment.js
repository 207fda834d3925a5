/** One comment as an item of the list: drawn here, or drawn by the server and taken over as it stands. */

import { focusOn, h, q, showBody } from "./dom.js";
import * as words from "./words.gen.js";

/** @typedef {import("./types").Widget} Widget */
/** @typedef {import("./types").Comment} Comment */
/** @typedef {import("./types").Receipt} Receipt */

const DEEPEST_INDENT = 6; // a long exchange never runs off a phone; the server's pages indent as far

/** What an item was drawn from. @type {WeakMap<HTMLElement, string>} */
const drawn = new WeakMap();

/**
 * @param {Widget} w
 * @param {string} id
 * @returns {any} the comment as it was read, or as its receipt has it where it was published before the reader's eyes
 */
export const commentOf = (w, id) => w.comments.find((comment) => comment.id == id) ?? w.receipts.get(id);

/** @param {Widget} w @param {string} id @returns {string} the address of a comment on this very page */
const linkTo = (w, id) => `${w.here}#comment-${id}`;

/**
 * @param {string} word with one place for something else, such as {name}
 * @param {string} name its class
 * @param {Node} inner what stands in that place
 */
const phrase = (word, name, inner) => {
  const [before, after] = word.split(/{\w+}/);
  return h(`span.${name}`, {}, before, inner, after);
};

/** @param {Widget} w @param {string} name @param {number} word */
const control = (w, name, word) => h(`button.${name}`, {}, w.t(word));

/**
 * What comments are made of, to be cloned for each of them: making fifty anew takes a phone three times as long.
 * @param {Widget} w
 */
export const modelOf = (w) => ({
  article: h(
    "article",
    {},
    h(
      "header",
      {},
      h("img.avatar", { alt: "", width: 40, height: 40 }),
      h("h3", {}, h("a", { rel: "nofollow ugc noopener" }, h("bdi"))),
      h("p.meta", {}, h("a.permalink", {}, h("time"))),
    ),
    h("div.body", { dir: "auto" }),
  ),
  answers: phrase(w.t(words.answers), "answers", h("a", {}, h("bdi"))),
  footer: h("footer", {}, control(w, "reply", words.reply), control(w, "votes", words.vote), control(w, "report", words.report)),
});

/**
 * Finish an item that comes into view: its picture, and its dates as the reader writes them. A browser's first date costs
 * it more than all the comments, since it has to load how the world writes them.
 * @param {Widget} w
 * @param {Element} item
 */
export const finish = (w, item) => {
  const avatar = q(item, ".avatar");
  if (avatar?.dataset.src) avatar.src = avatar.dataset.src;
  for (const time of item.querySelectorAll("time")) time.textContent = w.time(time.dateTime);
};

/**
 * @param {Widget} w
 * @param {Comment} comment
 * @param {import("./types").Author} author
 */
const articleOf = (w, comment, author) => {
  const { id, parent_id, published_at, edited_at } = comment;
  const article = /** @type {HTMLElement} */ (w.model.article.cloneNode(true));
  const [header, body] = /** @type {any} */ (article.children);
  const [avatar, by, meta] = header.children;
  const [link] = by.children;
  article.setAttribute("aria-labelledby", (by.id = `comment-${id}-by`));
  avatar.dataset.src = w.service + author.avatar;
  link.firstChild.textContent = author.name;
  if (author.url) link.href = author.url;
  else by.replaceChildren(link.firstChild);
  if (author.badge) by.append(" ", h("span.badge", {}, author.badge));
  const permalink = meta.firstChild;
  if (published_at) {
    permalink.href = linkTo(w, id);
    permalink.firstChild.dateTime = published_at;
    permalink.firstChild.textContent = published_at.slice(0, 10);
  } else permalink.remove();
  if (edited_at) meta.append(phrase(w.t(words.edited), "edited", h("time", { datetime: edited_at }, edited_at.slice(0, 10))));
  const parent = parent_id && commentOf(w, parent_id)?.author;
  if (parent) {
    const answers = /** @type {HTMLElement} */ (w.model.answers.cloneNode(true));
    const link = q(answers, "a");
    link.href = linkTo(w, parent_id);
    link.firstChild.textContent = parent.name;
    meta.prepend(answers);
  }
  showBody(body, comment.body_html);
  return article;
};

/**
 * @param {Widget} w
 * @param {Comment} comment
 * @param {HTMLElement | undefined | null} old the item as it stands, perhaps as the server drew it
 * @returns {HTMLElement} the item as the comment is now; where nothing has changed nothing is touched
 */
export const draw = (w, comment, old) => {
  const { id } = comment;
  const receipt = w.receipts.get(id);
  const item = old ?? h("li", { id: `comment-${id}` });
  const text = JSON.stringify([comment, receipt, w.article.open, w.votes[id]]);
  if (drawn.get(item) == text) return item;
  const isTakenOver = old && !drawn.has(item);
  drawn.set(item, text);
  const focused = /** @type {HTMLElement} */ (w.root.activeElement);
  item.className = `comment depth-${Math.min(comment.depth, DEEPEST_INDENT)}`;
  item.setAttribute("part", item.className);
  const author = comment.deleted ? null : comment.author;
  if (isTakenOver) {
    // What the server drew is what would be drawn here, but for where its links lead.
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (item.querySelectorAll("a.permalink, .answers a"))) {
      link.href = linkTo(w, link.hash.slice(9));
    }
    q(item, "footer")?.remove();
  } else {
    // A form below it stays: somebody may be writing in it.
    q(item, "article,.tombstone")?.remove();
    item.prepend(author ? articleOf(w, comment, author) : h("p.tombstone", {}, w.t(words.removed)));
  }
  if (author) q(item, "article").append(...footOf(w, comment, receipt));
  // The focus goes to what stands now where it was.
  if (focused != w.root.activeElement) focusOn(q(item, "." + focused.classList[0]) ?? item);
  w.seen.observe(item);
  return item;
};

/**
 * @param {Widget} w
 * @param {Comment} comment
 * @param {Receipt | undefined} receipt where it is the reader's own
 * @returns {Node[]} where the reader's own comment stands, and what can be done with one
 */
const footOf = (w, { id, author, own, votes }, receipt) => {
  const { t } = w;
  const footer = /** @type {HTMLElement} */ (w.model.footer.cloneNode(true));
  const [reply, vote, report] = footer.children;
  if (votes) vote.textContent = t(words.votes, { n: votes });
  vote.ariaPressed = `${id in w.votes}`;
  reply.ariaLabel = t(words.replyTo, { name: author?.name });
  if (own || !w.article.open) reply.remove();
  if (!receipt) return [footer];
  // Nobody votes on their own words, nor reports them.
  vote.remove();
  report.remove();
  if (votes) footer.append(h("span.votes", {}, /** @type {string} */ (vote.textContent)));
  if (receipt.may_revise) footer.append(control(w, "revise", words.revise));
  if (receipt.may_withdraw) footer.append(control(w, "withdraw", words.withdraw));
  if (own && own.status != "pending") footer.append(control(w, "dismiss", words.dismiss));
  const standing = standingOf(receipt);
  if (!standing) return [footer];
  return [h("p.standing", {}, t(standing), receipt.reason && h("q.reason", { dir: "auto" }, receipt.reason)), footer];
};

/**
 * @param {Receipt} receipt
 * @returns {number | false} the words for where the reader's own comment stands, if it is not simply published
 */
const standingOf = ({ status, revision, published_revision }) => {
  if (published_revision == revision) return false;
  if (status == "pending") return published_revision ? words.editWaits : words.waits;
  return published_revision ? words.editRejected : words.rejected;
};
