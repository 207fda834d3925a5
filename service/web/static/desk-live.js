// @ts-check
// Tells colleagues which comment is open here, shows which are open there, and brings what is new. Nothing moves under
// the moderator's hands: what a colleague has decided says so in its place, and new comments wait behind a button.

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const list = /** @type {HTMLElement} */ (document.getElementById("items"));
const news = /** @type {HTMLButtonElement} */ (document.getElementById("news"));
const { site = "", sort = "oldest" } = desk.dataset;

const CLAIM_AFTER = 300; // ms on an item; who only passes by claims nothing
const RENEW_EVERY = 30_000; // ms; a claim ends after 60 s
const LOOK_EVERY = 10_000; // ms
const FEW = 20; // items left below which further ones are fetched
const TOLD_BY_NAME = 5; // items of one look for which it is asked who decided them

const emit = (name, detail = {}) => desk.dispatchEvent(new CustomEvent(name, { detail }));
const on = (name, act) => desk.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));
const csrf = () => /** @type {HTMLMetaElement} */ (document.querySelector('meta[name="csrf"]')).content;
const shown = (id) => document.getElementById(`item-${id}`);
const all = () => /** @type {HTMLElement[]} */ ([...list.children]);

const asked = new URLSearchParams(location.search);
for (const name of ["did", "n", "batch"]) asked.delete(name);
asked.set("site", site);
asked.set("sort", sort);
const isByScore = ["score", "promising"].includes(sort);

// ---- claims

/** @type {string | null} */
let current = null;
let claimed = "";
let claimTimer = 0;

// Every answer is read, also where nobody asks what it says: what is not read keeps its connection.
const claimCall = (id, method) =>
  fetch(`/v1/moderation/comments/${id}/claim?site=${encodeURIComponent(site)}`, {
    method,
    headers: { "X-CSRF-Token": csrf(), Accept: "application/json" },
    keepalive: true,
  })
    .then(async (response) => ({ ok: response.ok, status: response.status, said: await response.json().catch(() => ({})) }))
    .catch(() => null);

async function claim() {
  const id = current;
  if (!id || document.visibilityState === "hidden" || !shown(id) || shown(id)?.classList.contains("settled")) return;
  const response = await claimCall(id, "PUT");
  if (response?.ok) {
    if (current === id) claimed = id;
    else if (shown(id)) void claimCall(id, "DELETE");
  } else if (response?.status === 409) {
    const { claim: held } = response.said;
    if (held) showClaim(id, held.moderator);
  }
  if (current === id) claimTimer = setTimeout(claim, RENEW_EVERY);
}

function release() {
  clearTimeout(claimTimer);
  // What was decided here has left the list, and the service has ended its claim.
  if (claimed && shown(claimed)) void claimCall(claimed, "DELETE");
  claimed = "";
}

/** @param {string} id @param {string | null} who */
function showClaim(id, who) {
  const li = shown(id);
  const old = li?.querySelector(".claim");
  if (!who) return old?.remove();
  if (!li || old?.textContent?.startsWith(who)) return;
  const line = document.createElement("p");
  const name = document.createElement("bdi");
  line.className = "claim";
  name.textContent = who;
  line.append(name, " is on this comment");
  old?.remove();
  li.querySelector("header")?.after(line);
}

on("current", ({ id }) => {
  release();
  current = id;
  if (id && desk.dataset.mayClaim) claimTimer = setTimeout(claim, CLAIM_AFTER);
  refill();
});
addEventListener("pagehide", release);

// ---- further items

const known = new Set(all().map((li) => li.dataset.id));
let next = desk.dataset.next ?? "";
let fetching = false;

async function fetchItems(cursor, first) {
  const wanted = new URLSearchParams(asked);
  wanted.delete("cursor");
  if (cursor) wanted.set("cursor", cursor);
  const response = await fetch(`/desk/items?${wanted}`).catch(() => null);
  if (!response?.ok || response.redirected) return null; // signed out: the outbox says so
  const body = await response.json();
  emit("insert", { html: body.html, first });
  for (const li of all()) known.add(li.dataset.id);
  showTotals(body.totals);
  return body;
}

async function refill() {
  const open = current && shown(current);
  const below = open ? list.childElementCount - all().indexOf(open) : list.childElementCount;
  if (fetching || !next || Math.min(below, list.childElementCount) >= FEW) return;
  fetching = true;
  const body = await fetchItems(next, false);
  fetching = false;
  if (!body) return;
  next = body.next ?? "";
  void refill();
}

on("changed", refill);
news.addEventListener("click", async () => {
  const was = document.activeElement === news;
  if (!(await fetchItems("", sort === "newest"))) return;
  tellNews(0);
  if (was) desk.querySelector(".item[aria-current]")?.focus({ preventScroll: true });
});

// ---- news

let tag = "";

async function look() {
  if (document.visibilityState === "hidden") return;
  const before = all();
  const response = await fetch(`/v1/moderation/comments?${asked}`, {
    headers: { Accept: "application/json", ...(tag && { "If-None-Match": tag }) },
  }).catch(() => null);
  if (!response?.ok) return; // 304: nothing is new; else the outbox says what is wrong as soon as it matters
  tag = response.headers.get("ETag") ?? "";
  const page = await response.json();
  showTotals(page.totals);
  const there = new Map(page.comments.map((comment) => [comment.id, comment]));
  for (const comment of page.comments) showClaim(comment.id, comment.claim && !comment.claim.mine ? comment.claim.moderator : null);
  tellNews(page.comments.filter((comment) => !known.has(comment.id)).length);
  const gone = before.filter((li) => li.isConnected && !there.has(li.dataset.id ?? "") && isCovered(li, page) && !li.matches(".settled, :has(.refusal)"));
  gone.forEach((li, index) => void settle(li.dataset.id ?? "", isByScore || index < TOLD_BY_NAME));
}

/** True where the page would hold the item if it still waited: it is not beyond the page's end. */
function isCovered(li, page) {
  if (!page.next) return true;
  const last = page.comments.at(-1);
  if (!last) return false;
  if (isByScore) {
    const by = (Number(li.dataset.score) - last.score || (li.dataset.id < last.id ? -1 : 1)) * (sort === "score" ? -1 : 1);
    return by < 0;
  }
  return sort === "newest" ? li.dataset.at > last.queued_at : li.dataset.at < last.queued_at;
}

async function settle(id, byName) {
  const response = byName ? await fetch(`/desk/items/${id}?site=${encodeURIComponent(site)}`).catch(() => null) : null;
  const body = response?.ok ? await response.json() : null;
  // Where the order is by score, an item can also have moved: the filter has read it meanwhile.
  if (isByScore && (!body || body.status === desk.dataset.status)) return;
  const last = body?.decisions.at(-1);
  const words = last ? `${last.moderator} decided “${last.action}” first.` : "This one is no longer in the list: a colleague or its author was first.";
  emit("settled", { id, words, html: body?.html });
}

function tellNews(number) {
  // Where the list is empty nothing can move.
  if (number && !list.childElementCount) return void fetchItems("", false);
  news.textContent = `${number} new`;
  /** @type {HTMLElement} */ (news.parentElement).hidden = !number;
}

function showTotals(totals) {
  for (const [status, total] of Object.entries(totals)) {
    const place = document.querySelector(`[data-total="${status}"]`);
    if (place) place.textContent = Number(total).toLocaleString("en");
  }
}

setInterval(look, LOOK_EVERY);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") return release();
  void look();
  if (current) void claim();
});
