// @ts-check
// The small panels of the queue: why something is rejected, a note, what to select together. They are asked for by `ask`
// on #desk, and answer by `answer`, `note` and `pick`. Their keys come first, so this module is loaded before desk.js.

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));

/** @type {HTMLElement | null} */
let panel = null;

const emit = (name, detail = {}) => desk.dispatchEvent(new CustomEvent(name, { detail }));
const on = (name, act) => desk.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));
const draftOf = (id) => `postbag-note:${id}`;

/** @param {HTMLElement} where @param {string} named @param {(button: HTMLElement) => void} act */
function whenPressed(where, named, act) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (where.querySelectorAll(named))) {
    button.addEventListener("click", () => act(button));
  }
}

/** @param {string} name @param {Element} place @returns {HTMLElement} */
function show(name, place) {
  close();
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(`${name}-panel`));
  const shown = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  shown.dataset.name = name;
  whenPressed(shown, "[data-close]", close);
  place.append(shown);
  shown.scrollIntoView({ block: "nearest" });
  panel = shown;
  return shown;
}

function close() {
  const had = panel?.contains(document.activeElement);
  panel?.remove();
  panel = null;
  if (had) /** @type {HTMLElement | null} */ (desk.querySelector(".item[aria-current]"))?.focus({ preventScroll: true });
}

/** @param {HTMLElement[]} lis @param {Element} place */
function askWhy(lis, place) {
  const shown = show("reject", place);
  const own = /** @type {HTMLInputElement} */ (shown.querySelector("input"));
  // What was refused comes back with the words that were typed for it.
  own.value = lis[0].dataset.words ?? "";
  const send = () => emit("answer", { lis, words: own.value.trim() ? { reason: own.value.trim() } : {} });
  whenPressed(shown, "[data-reason]", (button) => emit("answer", { lis, words: { reason_id: button.dataset.reason } }));
  whenPressed(shown, "[data-own]", send);
  own.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    send();
  });
}

/** @param {HTMLElement} li @param {Element} place */
function writeNote(li, place) {
  const id = li.dataset.id ?? "";
  const shown = show("note", place);
  const text = /** @type {HTMLTextAreaElement} */ (shown.querySelector("textarea"));
  const about = /** @type {HTMLInputElement} */ (shown.querySelector("#note-about"));
  const keep = () => text.value.trim() && emit("note", { id, text: text.value, about: about.checked ? "author" : "comment" });
  shown.dataset.id = id;
  text.value = sessionStorage.getItem(draftOf(id)) ?? "";
  text.addEventListener("input", () => sessionStorage.setItem(draftOf(id), text.value));
  text.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && keep());
  whenPressed(shown, "[data-keep]", keep);
  text.focus();
}

on("ask", ({ name, lis, place }) => {
  if (name === "reject") askWhy(lis, place);
  else if (name === "note") writeNote(lis[0], place);
  else
    whenPressed(show(name, place), "[data-pick]", (button) => {
      close();
      emit("pick", { like: lis[0], by: button.dataset.pick });
    });
});
on("close", close);
on("noted", ({ id }) => {
  sessionStorage.removeItem(draftOf(id));
  if (panel?.dataset.id === id) close();
});

/** Act on a key while a panel is open; false where it means nothing there. @param {string} key */
function press(key) {
  const isWhy = panel?.dataset.name === "reject";
  if (key === "Escape") close();
  else if (key === "0" && isWhy) panel?.querySelector("input")?.focus();
  else if (key === "Enter" && isWhy) /** @type {HTMLElement} */ (panel?.querySelector("[data-own]")).click();
  else if (/^\d$/.test(key)) {
    const named = [...(panel?.querySelectorAll("li button") ?? [])].find((button) => button.querySelector("kbd")?.textContent === key);
    if (named) /** @type {HTMLElement} */ (named).click();
  } else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (!panel || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  // In a field keys are text, and Enter on a button or link presses that.
  const isTyping = target.matches("textarea, select, input:not([type=checkbox])");
  if (isTyping && !(event.key === "Escape" && panel.contains(target))) return;
  if (event.key === "Enter" && target.matches("button, a, summary")) return;
  if (!press(event.key)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
});
