/** `<script async src="https://HOST/embed.js" data-site="SLUG"></script>` and `<div id="postbag"></div>`: that is all. */

import { showCounts } from "./counts.js";
import { mount } from "./mount.js";

const script = /** @type {HTMLScriptElement | null} */ (document.currentScript ?? document.querySelector("script[src*='/embed.js']"));
const given = { ...script?.dataset };
const service = script?.src.split("/embed.js")[0] ?? "";

const counts = () => showCounts(service, given.site);

window.Postbag ??= {
  mount: (element, options) => mount(element, { service, ...given, ...element.dataset, ...options }),
  counts,
};

const begin = () => {
  const element = document.getElementById("postbag");
  if (element && (given.site || element.dataset.site)) window.Postbag?.mount(element);
  counts();
};
if (document.readyState == "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
