/** One comment as an item of the list: drawn here, or drawn by the server and taken over as it stands. */

import { h, q, showBody } from "./dom.js";
import { remembered } from "./store.js";
import * as words from "./words.gen.js";

/** @typedef {import("./types").Widget} Widget */
/** @typedef {import("./types").Comment} Comment */
/** @typedef {import("./types").Receipt} Receipt */

const DEEPEST_INDENT = 6; // a long exchange never runs off a phone; the server's pages indent as far

/** @param {Widget} w @param {string} moment */
const timeOf = (w, moment) => h("time", { datetime: moment }, w.time(moment));

/** @param {string} id @returns {string} the address of a comment on this very page */
export const linkTo = (id) => `${location.href.split("#")[0]}#comment-${id}`;

/**
 * @param {string} word with one place for something else, such as {name}
 * @param {string} name its class
 * @param {Node} inner what stands in that place
 */
const phrase = (word, name, inner) => {
  const [before, after] = word.split(/{\w+}/);
  return h(`span.${name}`, {}, before, inner, after);
};

/**
 * @param {Widget} w
 * @param {Comment} comment
 * @param {import("./types").Author} author
 */
const article = (w, comment, author) => {
  const by = `comment-${comment.id}-by`;
  const name = h("bdi", {}, author.name);
  const parent = w.comments.find((other) => other.id == comment.parent_id)?.author;
  const body = h("div.body", { dir: "auto" });
  showBody(body, comment.body_html);
  return h(
    "article",
    { "aria-labelledby": by },
    h(
      "header",
      {},
      h("img.avatar", { src: w.service + author.avatar, alt: "", width: 40, height: 40, loading: "lazy" }),
      h(
        "h3",
        { id: by },
        author.url ? h("a", { href: author.url, rel: "nofollow ugc noopener" }, name) : name,
        author.badge && h("span.badge", {}, author.badge),
      ),
      h(
          "p.meta",
        {},
        parent && phrase(w.t(words.answers), "answers", h("a", { href: linkTo(comment.parent_id ?? "") }, h("bdi", {}, parent.name))),
        comment.published_at && h("a.permalink", { href: linkTo(comment.id) }, timeOf(w, comment.published_at)),
        comment.edited_at && phrase(w.t(words.edited), "edited", timeOf(w, comment.edited_at)),
      ),
    ),
    body,
    h("footer"),
  );
};

/**
 * @param {Widget} w
 * @param {Comment} comment
 * @param {HTMLElement | undefined | null} old the item as it stands, perhaps as the server drew it
 * @returns {HTMLElement} the item as the comment is now; where nothing has changed nothing is touched
 */
export const draw = (w, comment, old) => {
  const receipt = w.receipts.get(comment.id);
  const item = old ?? h("li", { id: `comment-${comment.id}` });
  const text = JSON.stringify([comment, receipt, w.article.open]);
  if (item.dataset.drawn == text) return item;
  const isTakenOver = old && !item.dataset.drawn;
  item.dataset.drawn = text;
  item.className = `comment depth-${Math.min(comment.depth, DEEPEST_INDENT)}`;
  item.setAttribute("part", item.className);
  const author = comment.deleted ? null : comment.author;
  if (isTakenOver) {
    // What the server drew is what would be drawn here, but for the reader's time zone and where its links lead.
    for (const time of item.querySelectorAll("time")) time.textContent = w.time(time.dateTime);
    for (const link of item.querySelectorAll("a.permalink, .answers a")) {
      /** @type {HTMLAnchorElement} */ (link).href = linkTo(/** @type {HTMLAnchorElement} */ (link).hash.slice(9));
    }
  } else {
    // The reply form stays in its place: somebody may be writing in it.
    const form = q(item, ".reply-form");
    q(item, "article,.tombstone")?.remove();
    item.prepend(author ? article(w, comment, author) : h("p.tombstone", {}, w.t(words.removed)));
    if (form) item.append(form);
  }
  if (author) equip(w, comment, receipt, item);
  return item;
};

/**
 * Give an item what can be done with its comment.
 * @param {Widget} w
 * @param {Comment} comment
 * @param {Receipt | undefined} receipt where it is the reader's own
 * @param {HTMLElement} item
 */
const equip = (w, comment, receipt, item) => {
  const { t } = w;
  const { own, votes } = comment;
  const footer = q(item, "footer") ?? q(item, "article").appendChild(h("footer"));
  q(item, ".standing")?.remove();
  const standing = receipt && standingOf(receipt);
  if (standing) {
    footer.before(
      h("p.standing", {}, t(standing), receipt.reason && h("q.reason", { dir: "auto" }, receipt.reason)),
    );
  }
  const count = votes ? t(words.votes, { n: votes }) : "";
  /** @param {string} name @param {number} word @param {Record<string, any>} [attributes] */
  const control = (name, word, attributes) => h(`button.${name}`, attributes, t(word));
  /** @type {(Node | false | "" | undefined)[]} */
  const controls = [
    !own && w.article.open && control("reply", words.reply, { "aria-label": t(words.replyTo, { name: comment.author?.name }) }),
    // Nobody votes on their own words.
    !own && (receipt ? count && h("span.votes", {}, count) : vote(comment.id in remembered(w).votes, count || t(words.vote))),
    !own && !receipt && control("report", words.report),
    receipt?.may_revise && control("revise", words.revise),
    receipt?.may_withdraw && control("withdraw", words.withdraw),
    own && own.status != "pending" && control("dismiss", words.dismiss),
  ];
  footer.replaceChildren(.../** @type {Node[]} */ (controls.filter(Boolean)));
};

/** @param {boolean} isCast @param {string} text */
const vote = (isCast, text) => h("button.votes", { "aria-pressed": `${isCast}` }, text);

/**
 * @param {Receipt} receipt
 * @returns {number | false} the words for where the reader's own comment stands, if it is not simply published
 */
const standingOf = ({ status, revision, published_revision }) => {
  if (published_revision == revision) return false;
  if (status == "pending") return published_revision ? words.editWaits : words.waits;
  return published_revision ? words.editRejected : words.rejected;
};
