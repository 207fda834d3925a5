/** The few things that every module does with elements. The only HTML that is ever inserted is the server's `body_html`. */

/**
 * Make an element; its classes are also its `::part` names, so that a site can style whatever has a class.
 * @template {string} T
 * @param {T} kind such as "p.hint": its name and its classes; a button sends no form, unless it is given that type
 * @param {Record<string, any>} [attributes] one that is null, undefined or false is left out; a function is a listener
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {import("./types").ElementOf<T>}
 */
export const h = (kind, attributes = {}, ...children) => {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  if (classes[0]) {
    element.className = classes.join(" ");
    element.setAttribute("part", element.className);
  }
  if (tag == "button") element.setAttribute("type", "button");
  for (const name in attributes) {
    const value = attributes[name];
    if (typeof value == "function") element.addEventListener(name, value);
    else if (value != null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) if (child) element.append(child);
  return /** @type {any} */ (element);
};

/**
 * @param {ParentNode} within
 * @param {string} selector
 * @returns {any} the first element, or null
 */
export const q = (within, selector) => within.querySelector(selector);

/** @type {{ createHTML(html: string): any } | undefined} */
let trusted;

/**
 * Show what somebody wrote.
 * @param {HTMLElement} element
 * @param {string} html sanitised by the service; nothing else may be given
 */
export const showBody = (element, html) => {
  try {
    element.innerHTML = trusted ? trusted.createHTML(html) : html;
  } catch {
    // The page takes trusted HTML alone (Trusted Types); it has to allow a policy of this name.
    trusted = window.trustedTypes?.createPolicy("postbag", { createHTML: (html) => html });
    element.innerHTML = trusted?.createHTML(html);
  }
};

/**
 * Move the focus to what is no control, so that a screen reader reads it and the next Tab goes on from there.
 * @param {HTMLElement | null | undefined} element
 */
export const focusOn = (element) => {
  if (!element) return;
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus();
};

/**
 * Say beside where something was tried why it was refused, in place of what was said there before.
 * @param {HTMLElement} place
 * @param {string | false} text
 */
export const tell = (place, text) => {
  q(place, ".told")?.remove();
  if (text) place.prepend(h("p.told.fault", { role: "alert" }, text));
};
