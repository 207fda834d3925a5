/** One widget in one element: it comes to life, listens, asks now and then what is new, and goes without a trace. */

import { castVote, readCounts } from "./api.js";
import { commentOf, finish } from "./comment.js";
import { articleKey } from "./counts.js";
import { focusOn, h, q, tell } from "./dom.js";
import { makeForm } from "./form.js";
import { forgetReceipt, readReceipts } from "./own.js";
import { askToReport, askToWithdraw } from "./panel.js";
import { remember } from "./store.js";
import { arrange, frame, load, loadMore, refresh, reveal, SORTS, welcome } from "./thread.js";
import { directionOf, languageOf, speak } from "./words.js";
import * as words from "./words.gen.js";

/** @typedef {import("./types").Widget} Widget */
/** @typedef {import("./types").Options} Options */

const SOONEST = 30_000; // milliseconds between two looks for new replies, where there are some
const LATEST = 600_000; // and at most, where nothing happens or nobody answers
const TITLE_MOST = 300; // characters that the service takes of an article's title

/** @type {CSSStyleSheet | undefined} */ let sheet;
/** @type {WeakMap<HTMLElement, () => void>} */ const mounted = new WeakMap();

/**
 * Put a discussion into an element, in place of one that is there.
 * @param {HTMLElement} host
 * @param {Options} options
 * @returns {import("./types").Handle}
 */
export const mount = (host, options) => {
  let unmount = begin(host, options);
  return {
    update(changes) {
      unmount();
      unmount = begin(host, Object.assign(options, changes));
    },
    unmount: () => unmount(),
  };
};

/** @returns {string | undefined} the comment that the page's address names */
const asked = () => location.hash.match(/^#comment-((-?[\da-f]{4}){8})$/)?.[1];

/** @param {HTMLElement} host @param {Options} options @returns {() => void} what ends it */
const begin = (host, options) => {
  mounted.get(host)?.();
  const w = /** @type {Widget} */ (
    /** @type {unknown} */ ({
      service: options.service,
      site: options.site,
      key: articleKey(options.article),
      title: [...(options.title ?? document.title)].slice(0, TITLE_MOST).join(""),
      sort: SORTS.find((sort) => sort == options.sort) ?? SORTS[0],
      size: options.pageSize ?? 50,
      reader: options.reader,
      items: new Map(),
      folded: new Set(),
      receipts: new Map(),
    })
  );
  let end = () => {};
  // The page is asked for first, and nothing is built before there is something to show.
  Promise.all([speak(w.service, languageOf(options.language)), read(w)]).then(([said]) => {
    if (!w.isGone) end = live(Object.assign(w, said), host, options.theme);
  });
  const unmount = () => {
    w.isGone = true;
    end();
    mounted.delete(host);
  };
  mounted.set(host, unmount);
  return unmount;
};

/**
 * Read the first page, or the one that the address asks for; what stands in the way of showing it is left in `w.trouble`.
 * @param {Widget} w
 */
const read = async (w) => {
  w.trouble = null;
  try {
    const { origins } = await load(w, { comment: w.sort == SORTS[0] ? asked() : undefined });
    const { origin } = location;
    if (origins && ![...origins.split(" "), new URL(w.service).origin].includes(origin)) {
      w.trouble = { status: 403, detail: `the site ${w.site} does not list ${origin} (flask site set --origin)` };
    }
  } catch (refusal) {
    w.trouble = /** @type {import("./types").Refusal} */ (refusal);
  }
};

/** @param {Widget} w @param {HTMLElement} host @param {string | undefined} theme @returns {() => void} what ends it */
const live = (w, host, theme) => {
  const root = (w.root = host.shadowRoot ?? host.attachShadow({ mode: "open" }));
  // A fragment that the server drew brings its style sheet along.
  if (!q(root, "link")) {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    root.adoptedStyleSheets = [sheet];
  }
  const box = (w.box = q(root, ".postbag") ?? root.appendChild(h("div.postbag", {})));
  box.lang = w.language;
  box.dir = directionOf(w.language);
  if (theme) box.dataset.theme = theme;
  const status = h("p.unseen", { role: "status" });
  const fresh = h("button.fresh", { hidden: true });
  const ended = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  let pause = SOONEST;

  w.say = (text) => (status.textContent = text);
  w.seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      finish(w, target);
      w.seen.unobserve(target);
    }
  });

  const show = () => {
    const { t, trouble } = w;
    if (trouble) {
      // A fault of the service passes; what it refuses it will refuse again.
      const isLasting = /** @type {number} */ (trouble.status) < 500;
      if (isLasting) {
        console.error(`Postbag: ${trouble.detail}`);
        // Said once: coming back to the tab does not ask again.
        ended.abort();
      } else again();
      // What the server drew stays as it is.
      if (q(box, ".thread")) return;
      box.replaceChildren(h("p.quiet", {}, t(isLasting ? words.unavailable : words.unreachable)));
      if (!isLasting) box.append(h("button.retry", {}, t(words.retry)));
      return;
    }
    const drawn = q(box, ".reply-form");
    if (!drawn) box.replaceChildren();
    frame(w);
    arrange(w);
    w.form = makeForm(w);
    w.form.goHome();
    // Somebody may be writing in the form that the server drew.
    for (const old of drawn?.querySelectorAll("[name]") ?? []) {
      const control = q(w.form.element, `[name=${old.name}]`);
      if (control && old.value) control.value = old.value;
      if (control && old == root.activeElement) control.focus();
    }
    drawn?.remove();
    box.append(fresh, status);
    const id = asked();
    if (id) go(id);
    readReceipts(w).then(() => w.isGone || arrange(w));
    again();
  };

  /** Look again later: less and less often, never in step with others, not in a hidden tab. */
  const again = () => {
    clearTimeout(timer);
    if (!w.isGone && !document.hidden) timer = setTimeout(look, pause * (0.75 + Math.random() / 2));
  };
  const look = async () => {
    let news = 0;
    let wait = 0;
    if (w.trouble) {
      await retry();
      wait = w.trouble ? pause * 2 : 0;
    } else {
      try {
        const count = (await readCounts(w, [w.key]))[w.key];
        await readReceipts(w);
        if (w.isGone) return;
        arrange(w);
        news = count - w.article.count;
        // Where some have gone, new ones are counted from there.
        if (news < 0) w.article.count = count;
        fresh.textContent = w.t(words.newReplies, { n: news });
        if (fresh.hidden && news > 0) w.say(fresh.textContent);
        fresh.hidden = news < 1;
      } catch (refusal) {
        // A third more than asked for, since the pause may turn out a quarter shorter.
        wait = Math.max(pause * 2, 1334 * (/** @type {import("./types").Refusal} */ (refusal).wait || 0));
      }
    }
    pause = news > 0 ? SOONEST : Math.min(LATEST, Math.max(SOONEST, pause * 1.5, wait));
    again();
  };
  const retry = async () => {
    await read(w);
    if (!w.isGone) show();
  };

  /** @param {Promise<unknown>} work @param {HTMLElement} place where a refusal is told */
  const attempt = (work, place) => {
    tell(place, false);
    work.catch((refusal) => tell(place, refusal.detail));
  };
  /** @param {string} id */
  const go = (id) => attempt(reveal(w, id), q(box, ".thread"));

  /** What a press on a control does, by its class. @type {Record<string, (control: HTMLElement, item: HTMLElement, id: string) => void>} */
  const acts = {
    reply: (_, item, id) => w.form.answer(commentOf(w, id)),
    revise: (_, item, id) => w.form.revise(/** @type {any} */ (w.receipts.get(id))),
    withdraw: (control, item, id) => askToWithdraw(w, item, control, id),
    report: (control, item, id) => askToReport(w, item, control, id),
    dismiss: (_, item, id) => {
      forgetReceipt(w, id);
      arrange(w);
      focusOn(q(box, "h2"));
    },
    votes: (control, item, id) => {
      const value = control.ariaPressed == "true" ? 0 : 1;
      const work = castVote(w, id, value).then(({ votes }) => {
        remember(w, (memory) => {
          delete memory.votes[id];
          if (value) memory.votes[id] = 1;
        });
        commentOf(w, id).votes = votes;
        arrange(w);
      });
      attempt(work, item);
    },
    fold: (_, item, id) => {
      if (!w.folded.delete(id)) w.folded.add(id);
      arrange(w);
    },
    next: (control) => attempt(loadMore(w), /** @type {HTMLElement} */ (control.parentElement)),
    first: (control) => attempt(load(w, {}).then(() => welcome(w, w.comments)), /** @type {HTMLElement} */ (control.parentElement)),
    fresh: () => attempt(refresh(w).then(() => (fresh.hidden = true)), q(box, ".thread")),
    retry: () => retry().then(() => focusOn(q(box, ".retry,h2"))),
  };
  for (const sort of SORTS) acts[sort] = () => attempt(load(w, { sort }).then(() => arrange(w)), q(box, ".thread"));

  const listening = { signal: ended.signal };
  box.addEventListener(
    "click",
    (/** @type {MouseEvent} */ event) => {
      const control = /** @type {HTMLElement} */ (/** @type {Element} */ (event.target).closest("a,button"));
      const item = /** @type {HTMLElement} */ (control?.closest("li"));
      acts[control?.classList[0]]?.(control, item, item?.id.slice(8));
      // A link to where the page is already changes nothing that could be heard of.
      const id = asked();
      if (id && control instanceof HTMLAnchorElement && control.href == location.href) go(id);
    },
    listening,
  );
  addEventListener("hashchange", () => !w.trouble && asked() && go(/** @type {string} */ (asked())), listening);
  document.addEventListener(
    "visibilitychange",
    () => {
      // Whoever comes back learns soon what has come meanwhile.
      pause = SOONEST / 10;
      again();
    },
    listening,
  );

  show();
  return () => {
    ended.abort();
    clearTimeout(timer);
    w.seen.disconnect();
    root.replaceChildren();
    root.adoptedStyleSheets = [];
  };
};
