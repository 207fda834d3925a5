/** What a page loads that says who its reader is: the form is told, and asks for neither name nor address. */

import { h, q } from "./dom.js";

/** @typedef {import("./types").Widget} Widget */

/**
 * @param {string} token
 * @returns {{ name?: unknown, badge?: unknown }} what it says; whether it is true, the service finds out
 */
const claimsOf = (token) => {
  const bytes = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
};

/**
 * Show in the form whom the site knows, and let what is sent from it say so. A token that cannot be read, or none, leaves
 * the form as everybody has it.
 * @param {Widget} w its `reader` is the token, or a function that gets one, which is asked anew when somebody goes on writing
 * @param {HTMLFormElement} form
 */
export const show = async (w, form) => {
  const renew = async () => (w.token = (typeof w.reader == "function" ? await w.reader() : w.reader) || undefined);
  /** @type {ReturnType<typeof claimsOf>} */ let claims;
  try {
    const token = await renew();
    if (!token) return;
    claims = claimsOf(token);
  } catch {
    w.token = undefined;
    console.error("Postbag: the token of the reader is no JWT");
    return;
  }
  const fields = /** @type {HTMLElement} */ (q(form, ".fields"));
  const place = /** @type {HTMLElement} */ (fields.parentElement);
  for (const input of place.querySelectorAll("input")) {
    input.value = "";
    // What this browser keeps of a guest stays as it is.
    input.checked = false;
  }
  fields.hidden = q(place, ".save").hidden = true;
  // That an address is not published is of no interest to whom none is asked for.
  form.firstChild?.remove();
  const [before, after] = (WRITING[w.language.slice(0, 2)] ?? WRITING.en).split("{name}");
  const badge = claims.badge ? h("span.badge", {}, `${claims.badge}`) : "";
  place.prepend(
    h("p.fault", { id: "reply-reader_token-fault" }),
    h("p.field.writing-as", {}, before, h("bdi", {}, `${claims.name}`), badge && " ", badge, after),
  );
  if (typeof w.reader == "function") form.addEventListener("focusin", () => renew().catch(() => {}));
};
