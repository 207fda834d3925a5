/** The list of comments: its order, its folded branches, its pages, and the reader's own replies in their places. */

import { readPage } from "./api.js";
import { draw, modelOf } from "./comment.js";
import { focusOn, h, q } from "./dom.js";
import { remembered } from "./store.js";
import * as words from "./words.gen.js";

/** @typedef {import("./types").Widget} Widget */
/** @typedef {import("./types").Comment} Comment */
/** @typedef {import("./types").Page} Page */

export const SORTS = ["oldest", "newest", "top"];
const MOST_PAGES = 20; // fetched in a row to bring a long thread up to date
const NOTHING_IS_FOLDED = 99; // deeper than any comment stands

/**
 * Build what stands around the list; a list that the server drew is taken over with everything in it.
 * @param {Widget} w
 */
export const frame = (w) => {
  const { t, box } = w;
  w.model = modelOf(w);
  const drawn = q(box, ".thread");
  w.list = q(box, ".comments") ?? h("ol.comments", { role: "list" });
  const sorts = [words.oldest, words.newest, words.top].map((word, at) => h("li", {}, h(`button.${SORTS[at]}`, {}, t(word))));
  box.prepend(
    h("section.thread",
      { id: "comments", "aria-labelledby": "comments-heading" },
      h(
        "header",
        {},
        h("h2", { id: "comments-heading" }),
        h("nav.sort", { "aria-label": t(words.order) }, h("ul", {}, ...sorts)),
      ),
      w.list,
      h("p.empty", {}),
      h("div.pages", {}, h("button.first", {}, t(words.earlier)), h("button.next", {}, t(words.more))),
    ),
  );
  drawn?.remove();
};

/**
 * @param {Widget} w
 * @returns {Comment[]} the published comments, with the reader's own unpublished ones where they will stand
 */
const inOrder = (w) => {
  const all = [...w.comments];
  for (const receipt of w.receipts.values()) {
    const { id, parent_id, depth, published_revision } = receipt;
    // One that is published stands on a page of its own, unless it was published before the reader's eyes.
    if ((published_revision && !w.items.has(id)) || all.some((other) => other.id == id)) continue;
    let at = all.findIndex((other) => other.id == parent_id) + 1;
    if (at) while (all[at]?.depth >= depth) at++;
    else if (w.sort != "newest") at = all.length;
    all.splice(at, 0, {
      ...receipt,
      published_at: null,
      edited_at: null,
      votes: 0,
      deleted: false,
      own: published_revision ? undefined : receipt,
    });
  }
  return all;
};

/**
 * Make the page show what is known, touching nothing that is right already.
 * @param {Widget} w
 */
export const arrange = (w) => {
  const { list, items, t, article, box } = w;
  const all = inOrder(w);
  w.votes = remembered(w).votes;
  [w.here] = location.href.split("#");
  const ids = new Set(all.map(({ id }) => `comment-${id}`));
  // What is gone goes first: an item that had to be moved would lose the focus within it.
  for (const item of [...list.children]) {
    if (ids.has(item.id)) continue;
    items.delete(item.id.slice(8));
    item.remove();
  }
  let next = list.firstElementChild;
  let folded = NOTHING_IS_FOLDED; // comments that stand deeper than this are hidden
  all.forEach((comment, at) => {
    const { id, depth } = comment;
    const item = draw(w, comment, items.get(id) ?? w.root.getElementById(`comment-${id}`));
    items.set(id, item);
    if (next == item) next = next.nextElementSibling;
    else list.insertBefore(item, next);
    item.hidden = depth > folded;
    if (!item.hidden) folded = w.folded.has(id) ? depth : NOTHING_IS_FOLDED;
    let replies = 0;
    while (all[at + replies + 1]?.depth > depth) replies++;
    fold(w, item, w.folded.has(id), replies);
  });
  // What was answered may have gone with the form in it.
  if (w.form && !box.contains(w.form.element)) w.form.goHome(q(w.form.element, "textarea").value);

  const { count, open } = article;
  q(box, "h2").textContent = count ? t(words.heading, { n: count }) : t(words.noComments);
  q(box, ".sort").hidden = count < 2;
  for (const sort of SORTS) q(box, `.${sort}`).setAttribute("aria-current", sort == w.sort);
  const empty = q(box, ".empty");
  empty.textContent = open ? t(words.empty) : t(words.closed);
  empty.hidden = open && all[0];
  q(box, ".first").hidden = !w.earlier;
  q(box, ".next").hidden = !w.next;
};

/** @param {Widget} w @param {HTMLElement} item @param {boolean} isFolded @param {number} replies that stand below it */
const fold = (w, item, isFolded, replies) => {
  let button = q(item, ".fold");
  if (!replies) return button?.remove();
  button ??= (q(item, "footer") ?? item).appendChild(h("button.fold", {}));
  button.ariaExpanded = `${!isFolded}`;
  button.textContent = isFolded ? w.t(words.showReplies, { n: replies }) : w.t(words.hideReplies);
};

/** @param {Widget} w @param {Page} page @param {Comment[]} comments */
const take = (w, page, comments = page.comments) => {
  w.comments = comments;
  w.article = page.article;
  w.next = page.next;
};

/**
 * Read a page, and show it in place of what is shown; one that is to hold a comment and does not is left alone.
 * @param {Widget} w
 * @param {Record<string, string | undefined>} query
 * @returns {Promise<Page>}
 */
export const load = async (w, { sort = w.sort, comment }) => {
  const page = await readPage(w, comment ? { sort, comment } : { sort });
  if (!w.list || !comment || page.comments.some(({ id }) => id == comment)) {
    take(w, page);
    w.sort = sort;
    w.earlier = !!page.earlier;
  }
  return page;
};

/**
 * Show comments that were not there before, and move the focus to the first of them.
 * @param {Widget} w
 * @param {Comment[]} fresh
 */
export const welcome = (w, [first]) => {
  arrange(w);
  focusOn(w.items.get(first?.id) ?? q(w.box, "h2"));
};

/**
 * Read the next page below what is shown.
 * @param {Widget} w
 */
export const loadMore = async (w) => {
  const page = await readPage(w, { sort: w.sort, cursor: /** @type {string} */ (w.next) });
  const known = new Set(w.comments.map(({ id }) => id));
  const fresh = page.comments.filter(({ id }) => !known.has(id));
  take(w, page, [...w.comments, ...fresh]);
  welcome(w, fresh);
};

/**
 * Read again everything that is shown, with what has come since, and mark that.
 * @param {Widget} w
 */
export const refresh = async (w) => {
  const known = new Set(w.items.keys());
  const wanted = w.comments.length - w.article.count;
  let page = await readPage(w, { sort: w.sort });
  const { comments } = page;
  for (let pages = 1; page.next && pages < MOST_PAGES && comments.length < wanted + page.article.count; pages++) {
    page = await readPage(w, { sort: w.sort, cursor: page.next });
    comments.push(...page.comments);
  }
  take(w, page, comments);
  w.earlier = false;
  const fresh = comments.filter(({ id }) => !known.has(id));
  welcome(w, fresh);
  for (const { id } of fresh) w.items.get(id)?.classList.add("new");
};

/**
 * Bring a comment into view and mark it, whichever page it stands on.
 * @param {Widget} w
 * @param {string} id
 */
export const reveal = async (w, id) => {
  // A place in one order says nothing about another.
  if (!w.items.has(id)) await load(w, { sort: SORTS[0], comment: id });
  if (w.items.get(id)?.hidden) w.folded.clear();
  arrange(w);
  q(w.list, ".target")?.classList.remove("target");
  const item = w.items.get(id);
  item?.classList.add("target");
  item?.scrollIntoView({ block: "center" });
  focusOn(item);
};
