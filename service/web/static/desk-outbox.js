// @ts-check
// Sends what was decided at the desk, behind the moderator's back, and loses nothing: every decision is kept in the
// session's storage until the service has answered for it. Each carries the version that was read, so that one which is
// sent twice is carried out once. What goes together in one request is what was decided together: it is undone together.

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const trouble = /** @type {HTMLElement} */ (document.getElementById("trouble"));
const { site = "", me = "", name: myName = "" } = desk.dataset;

const KEPT = `postbag-outbox:${site}:${me}`;
const AT_ONCE = 4; // requests under way; more would only wait for each other in the service
const DELETE_WAITS = 5_000; // ms; there is no undoing a deletion once it is done
const LONGEST_PAUSE = 30_000; // ms between two tries
const MOST_UNDOS = 200;

/**
 * @typedef {{comment_id: string, action: string, revision: number, version: number, reason?: string, reason_id?: string}} Entry
 * @typedef {{entries: Entry[], notBefore: number, state: "waiting" | "flying" | "done", batch?: string, undone?: boolean, resent?: boolean}} Op
 */

/** @type {Op[]} What has no answer yet, in order. */
let unsent = [];
/** @type {Op[]} What can be taken back, the latest last. */
const past = [];
let flying = 0;
let pause = 0;
let failures = 0;
let timer = 0;
const token = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name="csrf"]'));

const emit = (name, detail = {}) => desk.dispatchEvent(new CustomEvent(name, { detail }));
const on = (name, act) => desk.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));
const query = `site=${encodeURIComponent(site)}`;

class Away extends Error {
  /** @param {"signed-out" | "down"} why @param {number} wait seconds */
  constructor(why, wait = 0) {
    super(why);
    this.why = why;
    this.wait = wait;
  }
}

/** Call the API; raises Away where a later try may succeed. @returns {Promise<{status: number, body: any}>} */
async function call(path, body, again = true) {
  let response;
  const text = body === undefined ? undefined : JSON.stringify(body);
  try {
    response = await fetch(`${path}?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token.content },
      body: text,
      // What outlives the page may hold 64 KiB altogether.
      keepalive: (text?.length ?? 0) < 8_000,
    });
  } catch {
    throw new Away("down");
  }
  if (response.status === 401) throw new Away("signed-out");
  if (response.status >= 500 || response.status === 429) throw new Away("down", Number(response.headers.get("Retry-After")));
  if (response.status === 403 && again && (await renewCsrf())) return call(path, body, false);
  return { status: response.status, body: await response.json().catch(() => ({})) };
}

/** Take the token of a session that was begun in another tab since; false where that changes nothing. */
async function renewCsrf() {
  const response = await fetch(location.href).catch(() => null);
  const page = new DOMParser().parseFromString((await response?.text()) ?? "", "text/html");
  const fresh = /** @type {HTMLMetaElement | null} */ (page.querySelector('meta[name="csrf"]'))?.content;
  // Another person's session is none to send this one's decisions with.
  if (!fresh || fresh === token.content || page.getElementById("desk")?.dataset.me !== me) return false;
  token.content = fresh;
  return true;
}

function keep() {
  const entries = unsent.map((op) => op.entries);
  if (entries.length) sessionStorage.setItem(KEPT, JSON.stringify(entries));
  else sessionStorage.removeItem(KEPT);
}

/** @param {Entry[]} entries */
function add(entries, wait = 0) {
  /** @type {Op} */
  const op = { entries, notBefore: Date.now() + wait, state: "waiting" };
  unsent.push(op);
  past.push(op);
  if (past.length > MOST_UNDOS) past.shift();
  keep();
  send();
}

function send() {
  clearTimeout(timer);
  const now = Date.now();
  if (pause === Infinity) return;
  if (now < pause) {
    timer = setTimeout(send, pause - now);
    return;
  }
  // The first after a failure goes alone, to see whether the service is there.
  const most = failures ? 1 : AT_ONCE;
  for (const op of unsent) {
    if (flying >= most) return;
    if (op.state === "waiting" && op.notBefore <= now) void post(op);
  }
  const next = Math.min(...unsent.filter((op) => op.state === "waiting").map((op) => op.notBefore));
  if (Number.isFinite(next) && next > now) timer = setTimeout(send, next - now);
}

/** @param {Op} op */
async function post(op) {
  op.state = "flying";
  flying += 1;
  try {
    const { status, body } = await call("/v1/moderation/decisions", { decisions: op.entries });
    recovered();
    done(op);
    if (status === 200) await answered(op, body);
    else for (const entry of op.entries) refuse(entry, faultOf(body));
  } catch (fault) {
    op.state = "waiting";
    op.resent = true; // it may have been carried out
    if (!(fault instanceof Away)) throw fault;
    failed(fault);
  } finally {
    flying -= 1;
    send();
  }
}

const faultOf = (problem) => ({ ...problem, detail: problem.errors?.[0]?.detail ?? problem.detail ?? "This was refused." });

/** @param {Op} op */
function done(op) {
  op.state = "done";
  unsent = unsent.filter((other) => other !== op);
  keep();
}

/** @param {Op} op */
async function answered(op, body) {
  op.batch = body.batch_id;
  /** @type {Entry[]} */
  const carriedOut = [];
  let before = "";
  body.results.forEach((result, index) => {
    const entry = op.entries[index];
    const isOwn = op.resent && result.problem?.code === "stale_decision" && wasMine(result.problem, entry);
    if (isOwn) before = entry.comment_id;
    if (isOwn || result.status === 201) carriedOut.push(entry);
    else void refuse(entry, faultOf(result.problem));
  });
  op.entries = carriedOut;
  // What was carried out the first time stands in the log under that batch.
  if (before) op.batch = (await lastDecision(before))?.batch_id ?? op.batch;
  if (op.undone) void takeBack(op);
}

/** True where the answer to an earlier try was lost on its way: it was carried out, and that is all that was wanted. */
const wasMine = ({ decision }, entry) => decision?.moderator === myName && decision.action === entry.action;

/** @param {Entry} entry */
async function refuse(entry, problem) {
  emit("refused", { id: entry.comment_id, problem, entry });
  if (problem.code === "stale_decision") await show(entry.comment_id);
}

async function itemNow(id) {
  const response = await fetch(`/desk/items/${id}?${query}`).catch(() => null);
  return response?.ok && !response.redirected ? response.json() : null;
}

/** Show an item as it is now. */
async function show(id) {
  const now = await itemNow(id);
  if (now) emit("fresh", { id, html: now.html });
}

const lastDecision = async (id) => (await itemNow(id))?.decisions[0];

/** @param {Away} fault */
function failed(fault) {
  failures += 1;
  const wait = Math.max(fault.wait * 1_000, Math.min(1_000 * 2 ** (failures - 1), LONGEST_PAUSE));
  pause = Date.now() + wait;
  clearTimeout(timer);
  if (fault.why === "signed-out") {
    pause = Infinity;
    signInFirst();
    return;
  }
  const number = unsent.flatMap((op) => op.entries).length;
  const kept = number === 1 ? "One decision is" : `${number} decisions are`;
  alarm(`The service cannot be reached. ${number ? `${kept} kept here and will be sent again.` : "Please try again."}`, "Try now", retryNow);
  timer = setTimeout(send, wait);
}

function retryNow() {
  pause = 0;
  send();
}

function signInFirst() {
  alarm("You are no longer signed in. What you decided and typed is kept here until you are.", "Sign in", () => {
    location.assign(`/desk/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  });
}

function recovered() {
  failures = 0;
  pause = 0;
  trouble.hidden = true;
}

function alarm(text, button, act) {
  const shown = trouble.querySelector("button");
  if (!trouble.hidden && shown?.textContent === button) {
    // The button stays the one that may have the focus.
    /** @type {HTMLElement} */ (trouble.firstElementChild).textContent = text;
    return;
  }
  const words = document.createElement("p");
  const way = document.createElement("button");
  words.textContent = text;
  way.type = "button";
  way.textContent = button;
  way.addEventListener("click", act);
  trouble.replaceChildren(words, way);
  trouble.hidden = false;
}

// ---- taking back

async function undo() {
  const op = past.pop();
  if (!op) return emit("said", { text: "There is nothing to take back." });
  if (!op.entries.length) return undo();
  if (op.state === "waiting") {
    // Where an earlier try was made nobody knows what became of it; the answer to the next one tells.
    if (op.resent) {
      op.undone = true;
      return emit("said", { text: "It is taken back as soon as the service answers." });
    }
    done(op);
    return back(op.entries, "Taken back.");
  }
  op.undone = true;
  emit("said", { text: "Taking it back…" });
  if (op.state === "done") await takeBack(op);
}

/** @param {Entry[]} entries */
function back(entries, text) {
  emit("back", { ids: entries.map((entry) => entry.comment_id), entries });
  emit("said", { text, undo: past.length > 0 });
}

/** @param {Op} op */
async function takeBack(op) {
  const of = new Map(op.entries.map((entry) => [entry.comment_id, entry]));
  if (!of.size) return;
  try {
    const { status, body } = await call(`/v1/moderation/batches/${op.batch}/undo`, undefined);
    recovered();
    if (status !== 200) return emit("said", { text: faultOf(body).detail });
    const undone = body.results.filter((result) => result.status === 201);
    // Each stands at a new version now, under which it can be decided again.
    for (const result of undone) emit("versioned", { id: result.comment_id, ...result.decided });
    const refused = body.results.filter((result) => result.status !== 201);
    const lost = refused.length ? ` ${refused.length} could not be: ${faultOf(refused[0].problem).detail}` : "";
    back(undone.map((result) => of.get(result.comment_id)).filter(Boolean), undone.length ? `Taken back.${lost}` : lost.trim());
  } catch (fault) {
    if (!(fault instanceof Away)) throw fault;
    past.push(op);
    if (fault.why === "signed-out") signInFirst();
    else emit("said", { text: "The service cannot be reached; nothing was taken back. Try again.", undo: true });
  }
}

on("decide", ({ entries }) => add(entries, entries[0].action === "delete" ? DELETE_WAITS : 0));
on("undo", undo);
on("note", async ({ id, text, about }) => {
  try {
    const { status, body } = await call(`/v1/moderation/comments/${id}/notes`, { text, about });
    recovered();
    if (status !== 201) return emit("said", { text: faultOf(body).detail });
    emit("noted", { id });
    emit("said", { text: "The note is kept." });
    await show(id);
  } catch (fault) {
    if (!(fault instanceof Away)) throw fault;
    if (fault.why === "signed-out") signInFirst();
    else emit("said", { text: "The service cannot be reached. Your note is still there; try again." });
  }
});

addEventListener("online", retryNow);
// Whoever has signed in again in another tab comes back to this one.
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && pause === Infinity && retryNow());
// Whoever leaves has no key left to take a deletion back with: it goes now, and outlives the page.
addEventListener("pagehide", () => {
  for (const op of unsent) if (op.state === "waiting" && !failures) void post(op);
});

/** @type {Entry[][]} */
const left = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
if (left.length) {
  emit("resumed", { ids: left.flat().map((entry) => entry.comment_id) });
  unsent = left.map((entries) => ({ entries, notBefore: 0, state: "waiting", resent: true }));
  past.push(...unsent);
  send();
}
