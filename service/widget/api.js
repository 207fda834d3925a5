/** One function for each call of the service. All raise a Refusal; one without a status means: out of reach. */

import * as words from "./words.gen.js";

/** @typedef {import("./types").Widget} Widget */
/** @typedef {import("./types").Receipt} Receipt */

const PATIENCE = 20_000; // milliseconds after which a call is given up; a service behind a dead network never answers

/**
 * @param {Pick<Widget, "service" | "language"> & { t?: Widget["t"] }} w
 * @param {string} path
 * @param {string} [method]
 * @param {object} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>} the answer; `answer` is its Response
 */
const call = async (w, path, method, body, headers) => {
  /** @type {import("./types").Refusal} */
  const outOfReach = { detail: w.t?.(words.unreachable) ?? "" };
  /** @type {Response} */ let answer;
  /** @type {any} */ let said;
  try {
    answer = await fetch(`${w.service}/v1/${path}`, {
      method,
      // No cookie goes along and none comes back: the browser may block them as it likes.
      credentials: "omit",
      headers: {
        ...(body && { "Content-Type": "application/json" }),
        // A page that everybody gets must be the same for everybody; what was refused is told in the reader's words.
        ...(method && { "Accept-Language": w.language }),
        ...headers,
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
    said = answer.status == 204 ? {} : await answer.json();
  } catch {
    throw outOfReach;
  }
  // A gateway's own page is no answer of ours, and neither is JSON without a code.
  if (!answer.ok) throw said.code ? { ...said, wait: +/** @type {any} */ (answer.headers.get("Retry-After")) } : outOfReach;
  return { ...said, answer };
};

/**
 * @param {Widget} w
 * @param {Record<string, string>} query
 * @returns {Promise<import("./types").Page>}
 */
export const readPage = async (w, query) => {
  const page = await call(w, "comments?" + new URLSearchParams({ site: w.site, article: w.key, limit: `${w.size}`, ...query }));
  return { ...page, origins: page.answer.headers.get("Postbag-Origins") };
};

/**
 * @param {{ service: string, site: string, language: string }} w
 * @param {string[]} keys
 * @returns {Promise<Record<string, number>>}
 */
export const readCounts = async (w, keys) =>
  (await call(w, "counts?" + new URLSearchParams([["site", w.site], ...keys.map((key) => ["article", key])]))).counts;

/**
 * @param {Widget} w
 * @param {Record<string, unknown>} fields
 * @param {string} key the Idempotency-Key
 * @returns {Promise<{ id: string, status: string, receipt: { token: string } }>}
 */
export const sendReply = (w, fields, key) => call(w, "comments", "POST", fields, { "Idempotency-Key": key });

/** @param {Widget} w @param {string} body @returns {Promise<string>} the HTML that would be published */
export const previewBody = async (w, body) => (await call(w, "preview", "POST", { body })).body_html;

/** @param {Widget} w @param {string} token @returns {Promise<Receipt>} */
export const readReceipt = async (w, token) => ({ ...(await call(w, "receipts/" + token)), token });

/** @param {Widget} w @param {string} token @param {string} body @returns {Promise<Receipt>} */
export const reviseReply = async (w, token, body) => ({ ...(await call(w, "receipts/" + token, "PATCH", { body })), token });

/** @param {Widget} w @param {string} token */
export const withdrawReply = (w, token) => call(w, "receipts/" + token, "DELETE");

/** @param {Widget} w @param {string} id @param {0 | 1} value @returns {Promise<{ votes: number }>} */
export const castVote = (w, id, value) => call(w, `comments/${id}/votes`, "POST", { value });

/** @param {Widget} w @param {string} id @param {Record<string, unknown>} flag its reason and detail */
export const sendFlag = (w, id, flag) => call(w, `comments/${id}/flags`, "POST", flag);
