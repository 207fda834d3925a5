/** The reader's language: chosen, loaded where it is not English, and spoken. */

/** @typedef {(string | Record<string, string>)[]} Words */

/**
 * @param {string | undefined} asked by the site for this widget; else the page's language decides, else the browser's
 * @returns {string} a language tag
 */
export const languageOf = (asked) => asked || document.documentElement.lang || navigator.language || "en";

/**
 * @param {string} service
 * @param {string} tag
 * @returns {Promise<{ language: string, t: import("./types").Translate, time: (moment: string) => string }>} English where
 *   there is no such locale, or it cannot be loaded
 */
export const speak = async (service, tag) => {
  /** @type {Words} */ let words = ENGLISH;
  let language = tag.slice(0, 2).toLowerCase();
  if (LANGUAGES.includes(language)) {
    try {
      words = await (await fetch(`${service}/static/${LOCALES}/widget.${language}.json`, { credentials: "omit" })).json();
    } catch {
      language = "en";
    }
  } else language = "en";
  // Dates as in the very region that was asked for, if the words are in its language; a tag may hold anything.
  const region = RegExp(`^${language}(-[a-z]{2}\\b)?`, "i").exec(tag)?.[0] ?? language;
  /** @type {Intl.PluralRules} */ let plural;
  /** @type {Intl.DateTimeFormat} */ let dates;
  return {
    language,
    t: (key, { n = 0, name = "" } = {}) => {
      let word = words[key];
      if (typeof word == "object") {
        plural ??= new Intl.PluralRules(language);
        word = word[plural.select(n)] ?? word.other ?? "";
      }
      // A browser's first number or date costs it more than all the comments: it has to load how the world writes them.
      return word.replace("{n}", () => (n < 1000 ? `${n}` : n.toLocaleString(language))).replace("{name}", () => name);
    },
    time: (moment) => {
      dates ??= new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "short" });
      return dates.format(new Date(moment));
    },
  };
};

/** @param {string} language @returns {string} */
export const directionOf = (language) => (/ar|he/.test(language) ? "rtl" : "ltr");
