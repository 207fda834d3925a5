/** `<span data-postbag-count="KEY">` anywhere on the page shows the number of published comments. */

import { readCounts } from "./api.js";

const MOST = 100; // articles in one request, as the service has it

/**
 * Fill all of them, with one request for each hundred articles; one that fails leaves what stands there.
 * @param {string} service
 * @param {string | undefined} site
 */
export const showCounts = async (service, site) => {
  /** @type {Record<string, HTMLElement[]>} */ const places = Object.create(null);
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-postbag-count]"))) {
    (places[articleKey(place.dataset.postbagCount)] ??= []).push(place);
  }
  const keys = Object.keys(places);
  for (let start = 0; site && start < keys.length; start += MOST) {
    try {
      const counts = await readCounts({ service, site, language: "en" }, keys.slice(start, start + MOST));
      for (const key in counts) for (const place of places[key] ?? []) place.textContent = counts[key].toLocaleString();
    } catch (refusal) {
      console.error("Postbag:", /** @type {any} */ (refusal).detail ?? "no counts");
    }
  }
};

/**
 * @param {string | undefined} given a key; a path is one on this page's host
 * @returns {string} the article's key: as given, else the canonical address, else where the page is
 */
export const articleKey = (given) => {
  /** @type {HTMLLinkElement | null} */ const canonical = document.querySelector("link[rel=canonical]");
  const key = given || canonical?.href || location.href.split("#")[0];
  return key[0] == "/" ? location.origin + key : key;
};
