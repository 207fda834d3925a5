/** The one form: it answers the article, moves below the comment that is answered, or revises the reader's own reply. */

import { previewBody, reviseReply, sendReply } from "./api.js";
import { focusOn, h, q, showBody, tell } from "./dom.js";
import { readReceipts } from "./own.js";
import { keep, ME, recall, remember, remembered } from "./store.js";
import { arrange, refresh } from "./thread.js";
import * as words from "./words.gen.js";

/** @typedef {import("./types").Widget} Widget */

const PERSON = ["name", "email", "url"];
const HINT = "reply-body-hint";

/** @param {string} text @returns {number} a number that another text hardly has */
const hashOf = (text) => [...text].reduce((hash, char) => (Math.imul(hash, 31) + /** @type {number} */ (/** @type {any} */ (char).codePointAt())) | 0, 0);

/**
 * @param {Widget} w
 * @returns {import("./types").Form}
 */
export const makeForm = (w) => {
  const { t } = w;
  /** @type {Promise<any> | undefined} */ let helper;
  /** Sends a reply, with what the service wants besides. @type {import("./types").Carry} */ let carry = (post) => post();
  /** @type {import("./types").Comment | null} */ let parent = null;
  /** @type {import("./types").Receipt | null} */ let revised = null;

  /** @param {string} name @param {number} label @param {Record<string, any>} attributes */
  const field = (name, label, attributes) => {
    const required = name != "url";
    const [id, fault] = [`reply-${name}`, `reply-${name}-fault`];
    const control = h(name == "body" ? "textarea" : "input", {
      id,
      name,
      required,
      "aria-describedby": name == "body" ? `${fault} ${HINT}` : fault,
      ...attributes,
    });
    const mark = required ? h("span.star", {}, "*") : h("span.optional", {}, t(words.optional));
    return h(`div.field.field-${name}`, {}, h("label", { for: id }, t(label), " ", mark), h("p.fault", { id: fault }), control);
  };
  const address = { dir: "ltr", autocapitalize: "none", spellcheck: "false" };
  const body = field("body", words.comment, { rows: 7, dir: "auto" });
  const count = h("p.hint.count", { role: "status" });
  const seen = h("div.body.preview", { dir: "auto", role: "region", "aria-label": t(words.preview), hidden: true });
  body.append(h("p.hint", { id: HINT }, "Markdown: *…* **…** `…` > … - … [...](https://…)"), count, seen);
  const save = h("input", { type: "checkbox", change: () => keepPerson() });
  const send = h("button", { type: "submit" }, t(words.send));
  const cancel = h("button.cancel", { click: () => goBack() }, t(words.cancel));
  const heading = h("h2", { id: "reply-heading" });
  const notPublished = h("p.hint", {}, t(words.notPublished));
  const person = h(
    "div",
    {},
    h("div.fields",
      {},
      field("name", words.name, { autocomplete: "name", dir: "auto" }),
      field("email", words.email, { autocomplete: "email", inputmode: "email", ...address }),
      field("url", words.website, { autocomplete: "url", inputmode: "url", ...address }),
    ),
    h("label.save", {}, save, " ", t(words.save)),
  );
  const foot = h(
    "div",
    {},
    h("p.send",
      {},
      send,
      h("button", { click: () => preview() }, t(words.preview)),
      cancel,
      h("span.hint", {}, t(words.reviewed)),
    ),
  );
  const form = h(
    "form",
    { novalidate: true, submit: (/** @type {Event} */ event) => submit(event), input: () => changed(), focusin: () => begun() },
    notPublished,
    body,
    person,
    foot,
  );
  const element = h("section.reply-form", { id: "reply", "aria-labelledby": "reply-heading" }, heading, form);
  /** @param {string} name @returns {HTMLInputElement} */
  const control = (name) => q(form, `[name=${name}]`);
  const text = control("body");

  /** What is being written is kept under what it is written for. */
  const target = () => (revised ? `edit ${revised.id}` : (parent?.id ?? ""));
  const changed = () => {
    const { value } = text;
    remember(w, ({ drafts }) => {
      if (value) drafts[target()] = value;
      else delete drafts[target()];
    });
    if (save.checked) keepPerson();
    seen.hidden = true;
  };
  const keepPerson = () => keep(ME, save.checked ? PERSON.map((name) => control(name).value) : null);

  /** Somebody is about to write: what only a form in use needs is loaded now; without it the reply is sent all the same. */
  const begun = () => (helper ??= import(w.service + "/proof.js").then((proof) => (carry = proof.help(w, send)), () => {}));

  const clear = () => {
    tell(foot, false);
    for (const fault of element.querySelectorAll(".fault")) fault.textContent = "";
    for (const wrong of element.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
  };
  /** @param {import("./types").Refusal} refusal */
  const explain = ({ errors = [], detail }) => {
    // Above the button that was pressed, where it is seen; each fault once more beside its field.
    tell(foot, detail);
    for (const { field, detail } of errors) {
      const fault = q(form, `#reply-${field}-fault`);
      fault?.append(detail, " ");
      fault?.nextSibling.setAttribute("aria-invalid", "true");
    }
    q(form, "[aria-invalid]")?.focus();
  };

  const preview = async () => {
    clear();
    try {
      showBody(seen, await previewBody(w, text.value));
      seen.hidden = false;
      focusOn(seen);
    } catch (refusal) {
      explain(/** @type {any} */ (refusal));
    }
  };

  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (send.ariaDisabled) return;
    send.ariaDisabled = "true";
    clear();
    const [sent, from] = [text.value, target()];
    try {
      const { id } = await (revised ? reviseReply(w, revised.token, sent) : reply());
      remember(w, ({ drafts }) => drafts[from] == sent && delete drafts[from]);
      // Whoever has gone on writing meanwhile goes on.
      const isOver = target() == from && text.value == sent;
      if (isOver) goHome();
      await done(id, isOver);
    } catch (refusal) {
      // What was to be answered is gone; the text is written on for the article itself.
      if (/** @type {any} */ (refusal).code == "parent_not_found") goHome(text.value);
      explain(/** @type {any} */ (refusal));
    }
    send.ariaDisabled = null;
  };

  const reply = async () => {
    /** @type {Record<string, unknown>} */
    const fields = { site: w.site, article: w.key, article_title: w.title, parent_id: parent?.id };
    for (const name of ["body", ...PERSON]) fields[name] = control(name).value;
    // The same text sent again is the same request, also after a reload: nobody knows whether the first one arrived.
    const nonce = remembered(w).nonce ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
    remember(w, (memory) => (memory.nonce = nonce));
    const key = `${nonce} ${hashOf(JSON.stringify(fields))}`;
    const { id, receipt } = await carry((more) => sendReply(w, { ...fields, ...more }, key));
    remember(w, (memory) => {
      memory.receipts[id] = receipt.token;
      delete memory.nonce;
    });
    return { id };
  };

  /** @param {string} id @param {boolean} isOver */
  const done = async (id, isOver) => {
    w.receipts.delete(id);
    await readReceipts(w);
    const receipt = w.receipts.get(id);
    if (receipt?.published_revision) await refresh(w);
    else arrange(w);
    const word = t(receipt?.status == "approved" ? words.published : words.sent);
    const item = isOver && w.items.get(id);
    if (item) focusOn(item);
    else tell(foot, word);
    w.say(word);
  };

  /** @param {Element} place @param {string} title @param {string} [brought] what was written elsewhere, and has no place there any more */
  const open = (place, title, brought) => {
    clear();
    place.append(element);
    heading.textContent = title;
    cancel.hidden = place == w.box;
    person.hidden = notPublished.hidden = !!revised;
    text.value = [remembered(w).drafts[target()] ?? revised?.body, brought].filter(Boolean).join("\n\n");
    // Nothing is kept in the reader's browser before they write.
    if (brought) changed();
    seen.hidden = true;
    count.textContent = "";
    // A closed article takes no replies, but gives back what somebody wrote.
    if (place == w.box && !w.article.open && !text.value) element.remove();
    if (place != w.box) text.focus();
  };
  /** @param {string} [brought] */
  const goHome = (brought) => {
    parent = revised = null;
    open(w.box, t(words.leaveReply), brought);
  };
  const goBack = () => {
    const opener = q(/** @type {Element} */ (element.parentElement), revised ? ".revise" : ".reply");
    goHome();
    opener?.focus();
  };

  // Whom the site knows need not say who they are, so that is asked for at once.
  if (w.reader) begun();
  const me = recall(ME);
  if (me) {
    save.checked = true;
    PERSON.forEach((name, at) => (control(name).value = me[at] ?? ""));
  }
  return {
    element,
    goHome,
    answer(comment) {
      [parent, revised] = [comment, null];
      open(/** @type {Element} */ (w.items.get(comment.id)), t(words.replyTo, { name: comment.author?.name }));
    },
    revise(receipt) {
      [parent, revised] = [null, receipt];
      open(/** @type {Element} */ (w.items.get(receipt.id)), t(words.revise));
    },
  };
};
