// @ts-check
// The queue under the hands: one key, one action. The page works without this; here an item leaves at once, and what was
// decided goes to desk-outbox.js, which sends it. The modules of the desk meet at the element #desk, by events on it:
//   decide {entries}, undo, ask {name, lis, place}, close   this one asks for them
//   answer {lis, words}, pick {like, by}, note {id, text, about}   the panels give them
//   current {id}, changed                                 this one says where the moderator is
//   said {text, undo}, refused {id, problem, entry}, back {ids, entries}, resumed {ids}, noted {id}
//   versioned {id, revision, version}, fresh {id, html}, insert {html, first}, settled {id, words, html}      the others say what became of things

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const list = /** @type {HTMLElement} */ (document.getElementById("items"));
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("decide"));
const empty = /** @type {HTMLElement} */ (document.getElementById("empty"));
const bar = /** @type {HTMLElement} */ (document.getElementById("bar"));
const said = /** @type {HTMLElement} */ (document.getElementById("said"));
const undo = /** @type {HTMLElement} */ (document.getElementById("undo"));
const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
const keysOn = /** @type {HTMLInputElement} */ (document.getElementById("keys-on"));

const KEPT_AWAY = 2_000; // items that have left and can be put back; a shift has many more
const MOST = 100; // decisions together, as the service accepts them
const DONE = { approve: "Approved", restore: "Restored", reject: "Rejected", spam: "Marked as spam", delete: "Deleted" };
const TO = { approve: "approved", restore: "approved", reject: "rejected", spam: "spam", delete: "deleted" };
const KEYS_OFF = "postbag-desk-keys-off";
const mayDecide = Boolean(desk.dataset.mayDecide);

/** Ids in the order in which they stand, also of those that have left: what comes back finds its place again. */
const order = [...list.children].map((li) => idOf(li));
/** @type {Map<string, HTMLElement>} */
const away = new Map();
/** @type {HTMLElement | null} */
let current = null;
/** @type {HTMLElement | null} */
let lastPicked = null;

const emit = (name, detail = {}) => desk.dispatchEvent(new CustomEvent(name, { detail }));
const on = (name, act) => desk.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));

/** @param {Element} li */
function idOf(li) {
  return /** @type {HTMLElement} */ (li).dataset.id ?? "";
}

/** @param {string} id @returns {HTMLElement | null} */
const shown = (id) => document.getElementById(`item-${id}`);
const all = () => /** @type {HTMLElement[]} */ ([...list.children]);
const boxOf = (li) => /** @type {HTMLInputElement | null} */ (li.querySelector('[name="comment"]'));
const picked = () => all().filter((li) => boxOf(li)?.checked);
const isFree = (li) => !li.querySelector(".claim") && !li.classList.contains("settled");

// ---- where the moderator is

/** @param {HTMLElement | null} li @param {boolean} focus */
function open(li, focus = true) {
  if (current !== li) {
    emit("close");
    current?.removeAttribute("aria-current");
    current = li;
    current?.setAttribute("aria-current", "true");
    emit("current", { id: li ? idOf(li) : null });
  }
  if (li && focus) {
    li.focus({ preventScroll: true });
    li.scrollIntoView({ block: "nearest" });
  }
}

/** @param {1 | -1} way */
function step(way) {
  let li = current;
  do {
    li = /** @type {HTMLElement | null} */ (way > 0 ? (li ? li.nextElementSibling : list.firstElementChild) : li?.previousElementSibling);
  } while (li && !isFree(li));
  if (li) open(li);
}

/** Return the item to open after some leave: the next free one below, else the nearest above. */
function afterwards(leaving) {
  const gone = new Set(leaving);
  const start = current && gone.has(current) ? current : null;
  if (!start) return current;
  for (const way of ["nextElementSibling", "previousElementSibling"]) {
    for (let li = start[way]; li; li = li[way]) if (!gone.has(li) && isFree(li)) return li;
  }
  return null;
}

// ---- deciding

/** @param {HTMLElement[]} lis @param {string} wanted @param {{reason?: string, reason_id?: string}} words */
function decide(lis, wanted, words = {}) {
  const entries = [];
  const leaving = [];
  for (const li of lis) {
    const offered = (li.dataset.actions ?? "").split(" ");
    const action = wanted === "approve" && !offered.includes("approve") ? "restore" : wanted;
    if (!offered.includes(action)) continue;
    const [comment_id, revision, version] = (li.dataset.key ?? "").split(":");
    entries.push({ comment_id, action, revision: Number(revision), version: Number(version), ...words });
    leaving.push(li);
  }
  if (!entries.length) return say("That is not offered here.");
  if (entries.length > MOST) return say(`At most ${MOST} can be decided together.`);
  emit("close");
  const next = afterwards(leaving);
  for (const li of leaving) leave(li);
  open(next);
  count(entries, 1);
  const many = entries.length > 1 ? `: ${entries.length} comments` : "";
  say(`${DONE[entries[0].action]}${many}.`, true);
  emit("decide", { entries });
  changed();
}

/** @param {HTMLElement} li */
function leave(li) {
  const box = boxOf(li);
  if (box) box.checked = false;
  li.querySelector(".refusal")?.remove();
  if (li === lastPicked) lastPicked = null;
  away.set(idOf(li), li);
  if (away.size > KEPT_AWAY) away.delete(away.keys().next().value ?? "");
  li.remove();
}

/** Put an item back to where it stood. @param {HTMLElement} li */
function comeBack(li) {
  const id = idOf(li);
  away.delete(id);
  li.removeAttribute("aria-current");
  const place = order.indexOf(id);
  const follower = order.slice(place + 1).map(shown).find(Boolean);
  list.insertBefore(li, follower ?? null);
}

/** Count at once what was decided; the next news put it right. */
function count(entries, sign) {
  const add = (status, number) => {
    const total = document.querySelector(`[data-total="${status}"]`);
    if (total) total.textContent = Math.max(0, Number(total.textContent?.replace(/\D/g, "")) + number).toLocaleString("en");
  };
  for (const { action } of entries) {
    add(desk.dataset.status, -sign);
    add(TO[action], sign);
  }
}

function act(action) {
  if (!mayDecide) return;
  const chosen = picked();
  const lis = chosen.length ? chosen : current ? [current] : [];
  if (!lis.length) return;
  if (action === "reject") askWhy(lis);
  else decide(lis, action);
}

// ---- what is asked first, in a panel of desk-panels.js

/** @param {HTMLElement[]} lis */
function askWhy(lis) {
  const together = lis.length > 1 || picked().length > 0;
  emit("ask", { name: "reject", lis, place: (together && form) || lis[0].querySelector("article") });
}

/** @param {"note" | "pick"} name */
function ask(name) {
  if (!current || (name === "note" && !current.querySelector(".add-note"))) return;
  emit("ask", { name, lis: [current], place: current.querySelector("article") });
}

on("answer", ({ lis, words }) => decide(lis, "reject", words));
on("pick", ({ like, by }) => {
  const { author, client, article } = like.dataset;
  const alike = {
    author: (data) => data.author === author,
    client: (data) => client && data.client === client,
    article: (data) => data.article === article,
    all: () => true,
    none: () => false,
  };
  for (const li of all()) {
    const box = boxOf(li);
    if (box) box.checked = Boolean(alike[by](li.dataset));
  }
  tellPicked();
});

// ---- selecting

/** @param {boolean} range */
function pick(range) {
  const box = current && boxOf(current);
  if (!current || !box) return;
  if (range && lastPicked?.isConnected) {
    const lis = all();
    const [from, to] = [lis.indexOf(lastPicked), lis.indexOf(current)].sort((a, b) => a - b);
    for (const li of lis.slice(from, to + 1)) /** @type {HTMLInputElement} */ (boxOf(li) ?? box).checked = true;
  } else {
    box.checked = !box.checked;
  }
  lastPicked = current;
  tellPicked();
}

function tellPicked() {
  const number = picked().length;
  form?.classList.toggle("has-picked", number > 0);
  const chosen = document.getElementById("chosen");
  if (chosen) chosen.textContent = `${number} selected`;
}

// ---- telling

function say(text, canUndo = false) {
  said.textContent = text;
  undo.hidden = !canUndo;
}

function changed() {
  empty.hidden = list.childElementCount > 0;
  tellPicked();
  emit("changed");
}

/** @param {HTMLElement} li @param {string} text */
function tell(li, text) {
  li.querySelector(".refusal")?.remove();
  const box = document.createElement("div");
  const words = document.createElement("p");
  const next = document.createElement("button");
  box.className = "refusal";
  words.textContent = text;
  next.type = "button";
  next.className = "plain";
  next.textContent = "Next";
  next.addEventListener("click", () => {
    // The item may have been drawn anew since, around this box.
    const here = /** @type {HTMLElement} */ (box.closest(".item"));
    open(here, false);
    const following = afterwards([here]);
    if (here.dataset.status !== desk.dataset.status || here.classList.contains("settled")) leave(here);
    open(following);
    changed();
  });
  box.append(words, next);
  li.querySelector("header")?.after(box);
}

/** @param {string} html @returns {HTMLElement[]} */
function drawn(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // the service's own template, with texts that it has sanitised
  return /** @type {HTMLElement[]} */ ([...template.content.children]);
}

/** Show an item as it is now in the place of what stood there. */
function freshen(id, html) {
  const old = shown(id) ?? away.get(id);
  const [li] = drawn(html);
  if (!old || !li) return old ?? null;
  for (const name of ["words"]) if (old.dataset[name]) li.dataset[name] = old.dataset[name];
  const refusal = old.querySelector(".refusal");
  if (refusal) li.querySelector("header")?.after(refusal);
  if (old.isConnected) old.replaceWith(li);
  else away.set(id, li);
  if (old === current) {
    current = li;
    li.setAttribute("aria-current", "true");
  }
  return li;
}

on("said", ({ text, undo: canUndo }) => say(text, canUndo));
on("back", ({ ids, entries }) => {
  const lis = ids.map((id) => away.get(id)).filter(Boolean);
  for (const li of lis) comeBack(li);
  count(entries, -1);
  if (lis.length) open(lis[0]);
  changed();
});
on("refused", ({ id, problem, entry }) => {
  const li = away.get(id) ?? shown(id);
  if (!li) return say(problem.detail);
  if (entry.reason) li.dataset.words = entry.reason;
  if (!li.isConnected) comeBack(li);
  count([entry], -1);
  tell(li, problem.detail);
  say(`One came back: ${problem.detail}`);
  if (!current) open(li);
  changed();
});
on("fresh", ({ id, html }) => void freshen(id, html));
on("versioned", ({ id, revision, version }) => {
  const li = away.get(id) ?? shown(id);
  const was = li?.dataset.key;
  if (!li || !was) return;
  li.dataset.key = `${id}:${revision}:${version}`;
  for (const control of /** @type {NodeListOf<HTMLInputElement>} */ (li.querySelectorAll("[name=decide], [name=comment]"))) {
    control.value = control.value.replace(was, li.dataset.key);
  }
});
on("settled", ({ id, words, html }) => {
  const li = html ? freshen(id, html) : shown(id);
  if (!li?.isConnected) return;
  li.classList.add("settled");
  li.dataset.actions = "";
  boxOf(li)?.closest("label")?.remove();
  tell(li, words);
  tellPicked();
});
on("resumed", ({ ids }) => {
  for (const id of ids) {
    const li = shown(id);
    if (li) leave(li);
  }
  if (current && !current.isConnected) open(/** @type {HTMLElement | null} */ (list.firstElementChild), false);
  changed();
});
on("insert", ({ html, first }) => {
  const lis = drawn(html).filter((li) => !order.includes(idOf(li)));
  order[first ? "unshift" : "push"](...lis.map(idOf));
  list[first ? "prepend" : "append"](...lis);
  if (!current) open(lis.find(isFree) ?? null, false);
  changed();
});

// ---- hands

const PLAIN = {
  j: () => step(1),
  k: () => step(-1),
  u: () => emit("undo"),
  n: () => ask("note"),
  "*": () => ask("pick"),
  "/": () => document.getElementById("q")?.focus(),
  "?": () => help.showModal(),
  o: () => /** @type {HTMLElement | null} */ (current?.querySelector(".when a"))?.click(),
};
const ACTS = { a: "approve", r: "reject", s: "spam", d: "delete" };

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
  if (target.matches("textarea, select, input:not([type=checkbox])")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (!keysOn.checked) return;
  const key = event.key;
  if (key.toLowerCase() === "x") pick(event.shiftKey);
  else if (key in PLAIN && (!event.repeat || key === "j" || key === "k")) PLAIN[key]();
  // A key that is held down decides once: it must not run through the queue.
  else if (key in ACTS && !event.repeat) act(ACTS[key]);
  else return;
  event.preventDefault();
});

form?.addEventListener("submit", (event) => {
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  event.preventDefault();
  if (!button) return;
  if (button.name === "action") return act(button.value);
  const [action, key] = button.value.split(" ");
  const li = shown(key.split(":")[0]);
  if (!li) return;
  open(li, false);
  if (action === "reject") askWhy([li]);
  else decide([li], action);
});

list.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const li = /** @type {HTMLElement | null} */ (target.closest(".item"));
  if (!li || !list.contains(li)) return;
  if (li !== current && !target.closest("button")) open(li, false);
  if (target.closest(".add-note") && !(/** @type {MouseEvent} */ (event).ctrlKey || /** @type {MouseEvent} */ (event).metaKey)) {
    event.preventDefault();
    ask("note");
  }
});
list.addEventListener("change", (event) => {
  lastPicked = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest(".item"));
  tellPicked();
});
undo.addEventListener("click", () => emit("undo"));
document.getElementById("help-button")?.addEventListener("click", () => help.showModal());
keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
keysOn.addEventListener("change", () => (keysOn.checked ? localStorage.removeItem(KEYS_OFF) : localStorage.setItem(KEYS_OFF, "1")));

desk.classList.add("live");
bar.hidden = false;
// Once the other modules are there too, so that they hear of the first item.
document.addEventListener("DOMContentLoaded", () => open(/** @type {HTMLElement | null} */ (list.querySelector(".item:not(:has(.claim))") ?? list.firstElementChild), false));
