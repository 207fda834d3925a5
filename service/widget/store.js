/** What this browser remembers, in localStorage; in memory where that is blocked or full. */

/** @type {Record<string, any>} */
const memory = {};
let isBroken = false;

/**
 * @param {string} key
 * @returns {any} what was kept, or null
 */
export const recall = (key) => {
  try {
    // Read anew each time: another tab may have kept a receipt there since.
    if (!isBroken) return JSON.parse(/** @type {string} */ (localStorage.getItem(key)));
  } catch {
    // Blocked, or not ours: what is kept next takes its place.
  }
  return memory[key] ?? null;
};

/**
 * Keep a value; null forgets it.
 * @param {string} key
 * @param {any} value
 */
export const keep = (key, value) => {
  memory[key] = value;
  try {
    if (value) localStorage.setItem(key, JSON.stringify(value));
    else localStorage.removeItem(key);
  } catch {
    isBroken = true;
  }
};

/** @typedef {import("./types").Memory} Memory */

/**
 * @param {import("./types").Widget} w
 * @returns {Required<Pick<Memory, "drafts" | "receipts" | "votes">> & Memory} what is remembered of the widget's article
 */
export const remembered = (w) => {
  const kept = { ...recall(nameOf(w)) };
  // The page's own scripts may have put anything there.
  for (const part of ["drafts", "receipts", "votes"]) kept[part] = { ...kept[part] };
  return kept;
};

/**
 * Change what is remembered of the widget's article.
 * @param {import("./types").Widget} w
 * @param {(memory: ReturnType<typeof remembered>) => void} change
 */
export const remember = (w, change) => {
  const kept = remembered(w);
  change(kept);
  keep(nameOf(w), kept);
};

/** @param {import("./types").Widget} w */
const nameOf = (w) => `postbag ${w.site} ${w.key}`;

export const ME = "postbag me";
