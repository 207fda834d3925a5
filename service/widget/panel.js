/** What opens below a comment: the question before a withdrawal, and the report to the moderators. */

import { sendFlag } from "./api.js";
import { focusOn, h, q, tell } from "./dom.js";
import { withdraw } from "./own.js";
import { arrange } from "./thread.js";
import * as words from "./words.gen.js";

/** @typedef {import("./types").Widget} Widget */

const REASONS = { spam: words.spam, abuse: words.abuse, off_topic: words.offTopic, other: words.otherReason };

/**
 * Open a panel below a comment, in place of one that is open there; sending it does what `act` does.
 * @param {Widget} w
 * @param {HTMLElement} item
 * @param {HTMLElement} opener gets the focus back
 * @param {number} verb
 * @param {Node[]} contents
 * @param {(form: HTMLFormElement) => Promise<void>} act
 */
const open = (w, item, opener, verb, contents, act) => {
  const close = () => {
    form.remove();
    // It may have been drawn anew meanwhile.
    q(item, `footer .${opener.className}`)?.focus();
  };
  const form = h(
    "form.panel",
    {
      submit: (/** @type {Event} */ event) => {
        event.preventDefault();
        act(form).catch((refusal) => tell(form, refusal.detail));
      },
      keydown: (/** @type {KeyboardEvent} */ event) => event.key == "Escape" && close(),
    },
    ...contents,
    h("p.send", {}, h("button", { type: "submit" }, w.t(verb)), h("button", { click: close }, w.t(words.cancel))),
  );
  q(item, ".panel")?.remove();
  item.append(form);
  q(form, "input,button").focus();
};

/** @param {Widget} w @param {HTMLElement} item @param {HTMLElement} opener @param {string} id */
export const askToWithdraw = (w, item, opener, id) =>
  open(w, item, opener, words.withdraw, [h("p", {}, w.t(words.forGood))], async (form) => {
    await withdraw(w, id);
    form.remove();
    arrange(w);
    focusOn(w.items.get(id) ?? q(w.box, "h2"));
    w.say(w.t(words.removed));
  });

/** @param {Widget} w @param {HTMLElement} item @param {HTMLElement} opener @param {string} id */
export const askToReport = (w, item, opener, id) => {
  const reasons = Object.entries(REASONS).map(([value, word], at) =>
    h("label", {}, h("input", { type: "radio", name: "reason", value, checked: !at }), " ", w.t(word)),
  );
  const contents = [
    h("fieldset", {}, h("legend", {}, w.t(words.whyReport)), ...reasons),
    h("label.field", {}, w.t(words.details), " ", w.t(words.optional), h("input", { name: "detail", dir: "auto" })),
  ];
  open(w, item, opener, words.report, contents, async (form) => {
    await sendFlag(w, id, Object.fromEntries(new FormData(form)));
    const thanks = h("p.panel", {}, w.t(words.reported));
    form.replaceWith(thanks);
    q(item, "footer .report")?.remove();
    focusOn(thanks);
  });
};
