/** The reader's own replies, known by their receipts: where they stand, and taking them back. */

import { readReceipt, withdrawReply } from "./api.js";
import { remember, remembered } from "./store.js";
import * as words from "./words.gen.js";

/** @typedef {import("./types").Widget} Widget */

/** @param {Widget} w @param {string} id */
export const forgetReceipt = (w, id) => {
  w.receipts.delete(id);
  remember(w, ({ receipts }) => delete receipts[id]);
};

/**
 * Ask what became of the reader's replies to this article, and tell of a decision; one that is gone is forgotten, one out
 * of reach stays as it was.
 * @param {Widget} w
 */
export const readReceipts = (w) =>
  Promise.all(
    Object.entries(remembered(w).receipts).map(async ([id, token]) => {
      const before = w.receipts.get(id);
      // What was decided stays so, until the author writes something else.
      if (before && before.status != "pending") return;
      try {
        const receipt = await readReceipt(w, token);
        if (receipt.status == "deleted") return forgetReceipt(w, id);
        w.receipts.set(id, receipt);
        if (before?.status != "pending" || receipt.status == "pending") return;
        if (!before.published_revision && receipt.published_revision) w.article.count++;
        w.say(w.t(receipt.published_revision == receipt.revision ? words.published : words.rejected));
      } catch (refusal) {
        if (/** @type {import("./types").Refusal} */ (refusal).status == 404) forgetReceipt(w, id);
      }
    }),
  );

/**
 * Delete the reader's own comment for good.
 * @param {Widget} w
 * @param {string} id
 */
export const withdraw = async (w, id) => {
  await withdrawReply(w, remembered(w).receipts[id]);
  if (w.receipts.get(id)?.published_revision) w.article.count--;
  forgetReceipt(w, id);
  const { comments } = w;
  const at = comments.findIndex((comment) => comment.id == id);
  if (at < 0) return;
  // The service leaves a tombstone where there are replies.
  if (comments[at + 1]?.depth > comments[at].depth) comments[at] = { ...comments[at], deleted: true };
  else comments.splice(at, 1);
};
