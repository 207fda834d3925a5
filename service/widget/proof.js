/**
 * What is loaded when somebody begins to write: how much they may write still, a token for their form, and a proof of work
 * should one be asked for.
 */

import * as words from "./words.gen.js";

/** @typedef {import("./types").Widget} Widget */
/** @typedef {import("./types").Challenge} Challenge */

const BODY_MOST = 10_000; // characters as a reader counts them; the service has the same number
const NEAR = 1_000; // from this many left on, their number is shown
const PATIENCE = 5_000; // milliseconds for a token, which a reply can do without
const TRIES = 3; // a price may rise while the first proof is done; whoever is refused a third time is told why

/**
 * Find the key that the challenge wants. It stands alone, since a worker is made from its source.
 * @param {Challenge} challenge
 * @returns {Promise<{ counter: number, derivedKey: string }>}
 */
const solve = async ({ parameters: { algorithm, cost, keyLength, keyPrefix, nonce, salt } }) => {
  const AT_ONCE = 8; // as many as phones have cores
  const bytes = (/** @type {string} */ hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const how = { name: "PBKDF2", hash: algorithm.split("/")[1], salt: bytes(salt), iterations: cost };
  const keyOf = async (/** @type {number} */ counter) => {
    const password = bytes(nonce + "00000000");
    new DataView(password.buffer).setUint32(password.length - 4, counter);
    const base = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const key = new Uint8Array(await crypto.subtle.deriveBits(how, base, keyLength * 8));
    return Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  for (let first = 0; ; first += AT_ONCE) {
    const keys = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => keyOf(first + n)));
    const found = keys.findIndex((key) => key.startsWith(keyPrefix));
    if (found >= 0) return { counter: first + found, derivedKey: keys[found] };
  }
};

/**
 * Solve a challenge in a worker, so that typing never falters; where the page's policy forbids one, here, where the keys
 * are computed by the browser's own threads all the same and the page has its turn between any two of them.
 * @param {Challenge} challenge
 * @returns {Promise<string>} what the service takes as `challenge`
 */
const prove = async (challenge) => {
  const solution = await inWorker(challenge).catch(() => solve(challenge));
  return btoa(JSON.stringify({ challenge, solution }));
};

/** @param {Challenge} challenge @returns {ReturnType<typeof solve>} */
const inWorker = async (challenge) => {
  const source = `onmessage = async ({ data }) => postMessage(await (${solve})(data))`;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  /** @type {Worker | undefined} */ let worker;
  try {
    const made = (worker = new Worker(address));
    return await new Promise((done, failed) => {
      made.onmessage = ({ data }) => done(data);
      made.onerror = failed;
      made.postMessage(challenge);
    });
  } finally {
    worker?.terminate();
    URL.revokeObjectURL(address);
  }
};

/** @param {string} text @returns {number} characters as a reader counts them */
const lengthOf = (text) => [...new Intl.Segmenter().segment(text)].length;

/**
 * Fetch a token for a form that somebody begins to fill in, and another one for the next reply; count what they write.
 * @param {Widget} w
 * @param {HTMLButtonElement} button of the form, which says what is going on
 * @returns {import("./types").Carry} what sends a reply, proof and all
 */
export const help = (w, button) => {
  const query = new URLSearchParams({ site: w.site, article: w.key });
  const mint = () =>
    fetch(`${w.service}/v1/form-token?${query}`, { credentials: "omit", signal: AbortSignal.timeout(PATIENCE) })
      .then((answer) => answer.json())
      // A reply is accepted without.
      .catch(() => ({}));
  // The form of a known reader is helped before anybody writes in it, and need not be written in.
  /** @type {Promise<{ token?: string }> | null} */ let minted = w.reader ? null : mint();
  const form = /** @type {HTMLFormElement} */ (button.form);
  // Without it the form asks for a name and an address, as it asks everybody.
  if (w.reader) import(w.service + "/known.js").then((known) => known.show(w, form), () => {});
  const text = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
  const count = /** @type {HTMLElement} */ (form.querySelector(".count"));
  const recount = () => {
    const { value } = text;
    // Counting as a reader does takes a while, and few texts come near the end.
    const left = BODY_MOST - (value.length > BODY_MOST - NEAR ? lengthOf(value) : 0);
    count.textContent = left < NEAR ? w.t(words.left, { n: left }) : "";
  };
  form.addEventListener("input", recount);
  form.addEventListener("focusin", () => {
    minted ??= mint();
    recount();
  });
  recount();
  return async (post) => {
    const { token } = await (minted ??= mint());
    const label = button.textContent;
    /** @type {string | undefined} */ let challenge;
    try {
      for (let tried = 1; ; tried++) {
        try {
          const sent = await post({ form_token: token, challenge, reader_token: w.token });
          minted = null;
          return sent;
        } catch (refusal) {
          const { code, challenge: asked } = /** @type {import("./types").Refusal} */ (refusal);
          if (!asked || code != "challenge_required" || tried == TRIES) throw refusal;
          const word = CHECKING[w.language] ?? CHECKING.en;
          button.textContent = word;
          w.say(word);
          challenge = await prove(asked).catch(() => {
            // The browser cannot do it: not on a page without https.
            throw refusal;
          });
        }
      }
    } finally {
      button.textContent = label;
    }
  };
};
