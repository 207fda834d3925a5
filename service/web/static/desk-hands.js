// @ts-check
// Keys, fingers and the mouse at the queue: one key, one action; what is selected is decided together.

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const list = /** @type {HTMLElement} */ (document.getElementById("items"));
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("decide"));
const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
const keysOn = /** @type {HTMLInputElement} */ (document.getElementById("keys-on"));

const KEYS_OFF = "postbag-desk-keys-off";

/** @type {HTMLElement | null} The one from which a range is selected. */
let lastPicked = null;

const emit = (name, detail = {}) => desk.dispatchEvent(new CustomEvent(name, { detail }));
const on = (name, act) => desk.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));
const all = () => /** @type {HTMLElement[]} */ ([...list.children]);
const current = () => /** @type {HTMLElement | null} */ (list.querySelector(":scope > [aria-current]"));
const boxOf = (li) => /** @type {HTMLInputElement | null} */ (li.querySelector('[name="comment"]'));

/** @param {"note" | "pick"} name */
function ask(name) {
  const li = current();
  if (!li || (name === "note" && !li.querySelector(".add-note"))) return;
  emit("ask", { name, lis: [li], place: li.querySelector("article") });
}

// ---- selecting

/** Select what is open, or everything from the last one selected to it. @param {boolean} range */
function pick(range) {
  const li = current();
  const box = li && boxOf(li);
  if (!box) return;
  if (range && lastPicked?.isConnected) {
    const lis = all();
    const [from, to] = [lis.indexOf(lastPicked), lis.indexOf(li)].sort((a, b) => a - b);
    for (const between of lis.slice(from, to + 1)) tick(between, true);
  } else {
    box.checked = !box.checked;
  }
  lastPicked = li;
  tellPicked();
}

function tick(li, isPicked) {
  const box = boxOf(li);
  if (box) box.checked = isPicked;
}

function tellPicked() {
  const number = all().filter((li) => boxOf(li)?.checked).length;
  form?.classList.toggle("has-picked", number > 0);
  const chosen = document.getElementById("chosen");
  if (chosen) chosen.textContent = `${number} selected`;
}

on("changed", tellPicked);
on("pick", ({ like, by }) => {
  const { author, client, article } = like.dataset;
  const alike = {
    author: (data) => data.author === author,
    client: (data) => client && data.client === client,
    article: (data) => data.article === article,
    all: () => true,
    none: () => false,
  };
  for (const li of all()) tick(li, Boolean(alike[by](li.dataset)));
  tellPicked();
});

// ---- keys and buttons

const PLAIN = {
  j: () => emit("step", { way: 1 }),
  k: () => emit("step", { way: -1 }),
  u: () => emit("undo"),
  n: () => ask("note"),
  "*": () => ask("pick"),
  "/": () => document.getElementById("q")?.focus(),
  "?": () => help.showModal(),
  o: () => /** @type {HTMLElement | null} */ (current()?.querySelector(".when a"))?.click(),
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
  else if (key in ACTS && !event.repeat) emit("act", { action: ACTS[key] });
  else return;
  event.preventDefault();
});

form?.addEventListener("submit", (event) => {
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  event.preventDefault();
  if (!button) return;
  if (button.name === "action") return emit("act", { action: button.value });
  const li = button.closest(".item");
  emit("open", { li });
  emit("act", { action: button.value.split(" ")[0], li });
});

list.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const li = /** @type {HTMLElement | null} */ (target.closest(".item"));
  if (!li || !list.contains(li)) return;
  if (li !== current() && !target.closest("button")) emit("open", { li });
  if (target.closest(".add-note") && !(/** @type {MouseEvent} */ (event).ctrlKey || /** @type {MouseEvent} */ (event).metaKey)) {
    event.preventDefault();
    ask("note");
  }
});
list.addEventListener("change", (event) => {
  lastPicked = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest(".item"));
  tellPicked();
});
document.getElementById("undo")?.addEventListener("click", () => emit("undo"));
document.getElementById("help-button")?.addEventListener("click", () => help.showModal());
keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
keysOn.addEventListener("change", () => (keysOn.checked ? localStorage.removeItem(KEYS_OFF) : localStorage.setItem(KEYS_OFF, "1")));
